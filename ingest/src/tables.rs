//! The builders that one shard fills: one per table that the packet's road writes. Beside them the names that it finds.

use arrow_array::RecordBatch;
use schema::{Build, Table, tables as of};

use crate::batch::merge;
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

            /// Rows appended so far.
            pub(crate) fn rows(&self) -> usize {
                [$(self.$table.rows()),*].into_iter().sum()
            }

            /// Joins the rows of each table and sorts them by (timestamp, id, index), so that the number of shards and workers leaves no
            /// trace. Gives each table's in batches, and lets go of its own before the next table's.
            pub(crate) fn merge<E>(
                mut all: Vec<Self>,
                batch_bytes: usize,
                mut give: impl FnMut(&'static Table, RecordBatch) -> Result<(), E>,
            ) -> Result<(), E> {
                $(
                    let mut builders: Vec<_> = all.iter_mut().map(|tables| &mut tables.$table).collect();
                    builders.retain(|builder| builder.rows() > 0);
                    merge(&mut builders, batch_bytes, &mut |batch| give(&of::$table::TABLE, batch))?;
                )*
                Ok(())
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

impl Tables {
    /// Takes the rows, and leaves the names.
    pub(crate) fn take_rows(&mut self) -> Self {
        let names = std::mem::take(&mut self.names);
        std::mem::replace(
            self,
            Self {
                names,
                ..Self::default()
            },
        )
    }
}
