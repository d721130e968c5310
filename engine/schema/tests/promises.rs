//! What the language promises is declared.

use std::collections::BTreeMap;

use schema::{FLAGS, Field, Table, Type, tables};

/// The names that the language promises, by type.
const PROMISED: &[(Type, &str)] = &[
    (
        Type::Int,
        "id index conn_id flow_id src.port dst.port elapsed_time status_code capture_source_code request_packet response_packet
         conn_local_pkts conn_local_bytes conn_remote_pkts conn_remote_bytes conn_group_id conn_local_payload_bytes
         conn_remote_payload_bytes conn_entries retransmissions fast_retransmissions zero_window_events window_full_events
         window_scale avg_receive_window out_of_order dup_acks missing_segments rst_count fin_count keepalive_count
         connection_completeness initial_rtt_us handshake_time_us connection_time_us time_to_first_byte_us rtt_min_us rtt_max_us
         rtt_avg_us rtt_samples jitter_us goodput_bytes flow_local_pkts flow_local_bytes flow_remote_pkts flow_remote_bytes
         flow_local_pps flow_local_bps flow_remote_pps flow_remote_bps flow_group_id flow_conns flow_entries
         tcp_handshake_p50_us tcp_handshake_p90_us tcp_handshake_p99_us request_headers_size request_body_size
         response_headers_size response_body_size grpc_status ws_request_payload_length ws_response_payload_length
         dns_request_length dns_response_length dns_total_size dns_id tlsx_version tlsx_cipher_suite tls_request_size
         tls_response_size tls_total_size redis_request_size redis_response_size redis_total_size kafka_api_key kafka_size
         kafka_request_size kafka_response_size amqp_request_length amqp_response_length amqp_total_size mongodb_request_size
         mongodb_response_size mongodb_total_size mongodb_error_code mysql_statement_id mysql_request_size mysql_response_size
         mysql_total_size mysql_error_code postgresql_request_size postgresql_response_size postgresql_total_size
         ldap_request_length ldap_response_length ldap_total_size radius_code radius_request_length radius_response_length
         radius_total_size diameter_request_length diameter_response_length diameter_total_size icmp_version icmp_length
         sctp_checksum sctp_length udp_length udp_checksum",
    ),
    (
        Type::String,
        "node_id protocol transport src.ip dst.ip summary stream worker capture_source capture_backend community_id tunnel
         src.name dst.name src.namespace dst.namespace src.dns dst.dns src.pod.name src.pod.namespace src.service.name
         src.service.namespace dst.pod.name dst.pod.namespace dst.service.name dst.service.namespace node_name node_ip
         local_node_name remote_node_name local_process_name remote_process_name local_resolution_status
         remote_resolution_status conn_state conn_history flow_state method url path http_version host user_agent content_type
         grpc_method grpc_service gql_operation gql_query ws_opcode ws_request_payload_data dns_rcode tlsx_sni tlsx_alpn
         tlsx_summary tlsx_info tlsx_ja3 tlsx_ja3s tlsx_ja4 tlsx_ja4s tls_summary tls_info redis_type redis_command redis_key
         kafka_api_key_name kafka_client_id kafka_request_summary amqp_method amqp_summary mongodb_command mongodb_database
         mongodb_collection mongodb_opcode mongodb_error_message mongodb_error_code_name mysql_command mysql_query
         mysql_database mysql_error_message postgresql_command postgresql_query postgresql_database postgresql_user
         postgresql_error_code postgresql_error_message ldap_type ldap_summary radius_code_name radius_request_authenticator
         diameter_method diameter_summary icmp_type sctp_chunk_type tcp_method tcp_error_type tcp_error_message",
    ),
    (
        Type::Bool,
        "has_pcap ws_request ws_response dns_request dns_response kafka_request kafka_response amqp_request amqp_response
         mongodb_success mysql_success postgresql_success ldap_request ldap_response radius_request radius_response
         diameter_request diameter_response",
    ),
    (Type::Double, "retransmission_rate"),
    (Type::Bytes, "request_body response_body tcp_payload udp_payload"),
    (Type::Timestamp, "timestamp end_time"),
    (
        Type::Strings,
        "namespaces pods services dns_resolutions conn_l7_detected flow_l7_detected dns_questions dns_answers
         dns_question_types dns_flags tlsx_cipher_suites tlsx_weak kafka_topics",
    ),
    (Type::Ints, "vlan"),
    (
        Type::StringMap,
        "capture local_labels local_annotations remote_labels remote_annotations node query_string request.headers
         response.headers request.cookies response.cookies",
    ),
];

/// The flags that the language promises.
const PROMISED_FLAGS: &str =
    "flow tcp_flow udp_flow conn tcp_conn udp_conn http http2 grpc gql gqlv1 gqlv2 ws dns tlsx tls tcp
    udp sctp icmp redis kafka amqp mongodb mysql postgresql ldap radius diameter";

fn of_tables() -> impl Iterator<Item = &'static Field> {
    tables::in_kfl().flat_map(Table::fields)
}

#[test]
fn every_name_the_language_promises_is_declared() {
    let declared: BTreeMap<_, _> = of_tables().map(|field| (field.name, field.ty)).collect();
    for (ty, names) in PROMISED {
        for name in names.split_whitespace() {
            assert_eq!(declared.get(name), Some(ty), "{name}");
        }
    }
    for name in PROMISED_FLAGS.split_whitespace() {
        assert!(FLAGS.iter().any(|flag| flag.name == name), "{name} is no flag");
    }
}
