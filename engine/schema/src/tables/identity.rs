//! Who the two ends are: names from DNS, Kubernetes metadata. Columns stay null until a source feeds them. The names are not
//! known where a row is made: whoever joins the rows of all shards puts them in.

use crate::declare::fields;

impl Identity<'_> {
    /// What a row gives: nothing yet.
    pub const LATER: Self = Self {
        src_dns: None,
        dst_dns: None,
    };
}

fields! {
    /// Names of the two ends.
    IDENTITY => struct Identity, IdentityBuilder {
        /// Name of the client: its pod, service or host.
        src_name "src.name": Str = absent;
        /// Name of the server: its pod, service or host.
        dst_name "dst.name": Str = absent;
        /// Kubernetes namespace of the client.
        src_namespace "src.namespace": Str = absent;
        /// Kubernetes namespace of the server.
        dst_namespace "dst.namespace": Str = absent;
        /// Name of the client's address in DNS answers or name resolution blocks seen earlier in the capture; null if none told one. A connection without takes the first told while it lasted, a flow the last.
        src_dns "src.dns": Str;
        /// Name of the server's address in DNS answers or name resolution blocks seen earlier in the capture; null if none told one. A connection without takes the first told while it lasted, a flow the last.
        dst_dns "dst.dns": Str;
        /// Pod of the client.
        src_pod_name "src.pod.name": Str = absent;
        /// Namespace of the client's pod.
        src_pod_namespace "src.pod.namespace": Str = absent;
        /// Service of the client.
        src_service_name "src.service.name": Str = absent;
        /// Namespace of the client's service.
        src_service_namespace "src.service.namespace": Str = absent;
        /// Pod of the server.
        dst_pod_name "dst.pod.name": Str = absent;
        /// Namespace of the server's pod.
        dst_pod_namespace "dst.pod.namespace": Str = absent;
        /// Service of the server.
        dst_service_name "dst.service.name": Str = absent;
        /// Namespace of the server's service.
        dst_service_namespace "dst.service.namespace": Str = absent;
        /// Namespaces of the ends that have one.
        namespaces "namespaces": Strs = kfl "[src.namespace, dst.namespace].filter(n, n != '')";
        /// Pods of the ends that have one.
        pods "pods": Strs = kfl "[src.pod.name, dst.pod.name].filter(n, n != '')";
        /// Services of the ends that have one.
        services "services": Strs = kfl "[src.service.name, dst.service.name].filter(n, n != '')";
        /// DNS names of the ends that have one.
        dns_resolutions "dns_resolutions": Strs = kfl "[src.dns, dst.dns].filter(n, n != '')";
        /// Labels of the local end.
        local_labels "local_labels": Map = absent;
        /// Annotations of the local end.
        local_annotations "local_annotations": Map = absent;
        /// Labels of the remote end.
        remote_labels "remote_labels": Map = absent;
        /// Annotations of the remote end.
        remote_annotations "remote_annotations": Map = absent;
        /// Properties of the node that captured the row.
        node "node": Map = absent;
        /// Name of the node that captured the row.
        node_name "node_name": Str = absent;
        /// Address of the node that captured the row.
        node_ip "node_ip": Str = absent;
        /// Node of the local end.
        local_node_name "local_node_name": Str = absent;
        /// Node of the remote end.
        remote_node_name "remote_node_name": Str = absent;
        /// Process of the local end.
        local_process_name "local_process_name": Str = absent;
        /// Process of the remote end.
        remote_process_name "remote_process_name": Str = absent;
        /// How the local end was named.
        local_resolution_status "local_resolution_status": Str = absent;
        /// How the remote end was named.
        remote_resolution_status "remote_resolution_status": Str = absent;
    }
}
