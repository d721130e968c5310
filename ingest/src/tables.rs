//! The builders that one shard fills: one per table that the packet's road writes. Beside them the names that it finds.

use schema::Build;
use schema::tables as of;

use crate::names::Found;

/// Declares the builders, each once.
macro_rules! builders {
    ($($(#[doc = $doc:literal])+ $table:ident: $builder:ident,)*) => {
        /// The builders of one shard.
        #[derive(Debug, Default)]
        pub struct Tables {
            $($(#[doc = $doc])+ pub $table: of::$table::$builder,)*
            /// Names of addresses, of which the writer makes columns of all tables.
            pub(crate) names: Found,
        }

        impl Tables {
            /// Bytes of the rows appended so far, about.
            pub fn bytes(&self) -> usize {
                [$(self.$table.bytes()),*].into_iter().fold(0, usize::saturating_add)
            }

            /// All builders, in table order.
            pub fn all(&mut self) -> Vec<&mut dyn Build> {
                vec![$(&mut self.$table),*]
            }
        }
    };
}

builders! {
    /// Flow rows.
    flows: FlowBuilder,
    /// Connection rows.
    conns: ConnBuilder,
    /// HTTP entries.
    http: HttpBuilder,
    /// DNS entries.
    dns: DnsBuilder,
    /// TLS hello entries.
    tlsx: TlsxBuilder,
    /// WebSocket message entries.
    ws: WsBuilder,
    /// Redis entries.
    redis: RedisBuilder,
    /// Kafka entries.
    kafka: KafkaBuilder,
    /// AMQP entries.
    amqp: AmqpBuilder,
    /// MongoDB entries.
    mongodb: MongodbBuilder,
    /// MySQL entries.
    mysql: MysqlBuilder,
    /// PostgreSQL entries.
    postgresql: PostgresqlBuilder,
    /// LDAP entries.
    ldap: LdapBuilder,
    /// RADIUS entries.
    radius: RadiusBuilder,
    /// Diameter entries.
    diameter: DiameterBuilder,
    /// ICMP message entries.
    icmp: IcmpBuilder,
    /// SCTP chunk entries.
    sctp: SctpBuilder,
    /// Raw TCP payload entries.
    tcp: RawTcpBuilder,
    /// Raw UDP payload entries.
    udp: RawUdpBuilder,
}
