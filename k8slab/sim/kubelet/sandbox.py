"""The network of a pod: address, hostname, /etc/hosts, /etc/resolv.conf (upstream: pkg/kubelet/network/dns, kubelet_pods.go)."""

from functools import lru_cache

from k8slab.apimachinery.types import Object
from k8slab.sim.kubelet.context import NodeContext
from k8slab.sim.network.forwarding import HostPort
from k8slab.sim.network.namespace import CLUSTER_DOMAIN, NetNamespace, ResolvConf, cluster_first

__all__ = ["resolv_conf_of", "sandbox_of"]

#: What differs on a node from what containerd sets in a pod's network namespace.
_NODE_SYSCTLS = {"net.ipv4.ip_unprivileged_port_start": "1024", "net.ipv4.ping_group_range": "1\t0"}
_cluster_first = lru_cache(maxsize=1024)(cluster_first)


def sandbox_of(pod: Object, context: NodeContext) -> NetNamespace:
    """Return the network namespace of a new pod, connected."""
    spec, meta = pod["spec"], pod["metadata"]
    name, node = f"{meta['namespace']}/{meta['name']}", context.config.name
    resolv = resolv_conf_of(pod, context.namespace.resolv)
    hosts = {name: alias["ip"] for alias in spec.get("hostAliases") or () for name in alias.get("hostnames") or ()}
    if spec.get("hostNetwork"):
        return NetNamespace(context.config.internal_ip, node, name, resolv, node, hosts, _NODE_SYSCTLS)
    ip = context.network.allocate(node)
    hostname = (spec.get("hostname") or meta["name"])[:63].rstrip("-.")
    if spec.get("subdomain"):
        hosts = {f"{hostname}.{spec['subdomain']}.{meta['namespace']}.svc.{CLUSTER_DOMAIN}": ip, **hosts}
    sysctls = {s["name"]: s["value"] for s in (spec.get("securityContext") or {}).get("sysctls") or ()}
    namespace = NetNamespace(ip, node, name, resolv, hostname, hosts, sysctls)
    context.network.attach(namespace, _host_ports(spec))
    return namespace


def _host_ports(spec: Object) -> list[HostPort]:
    ports = [p for c in spec["containers"] for p in c.get("ports") or () if p.get("hostPort")]
    return [HostPort(p.get("hostIP") or "", p["hostPort"], p.get("protocol") or "TCP", p["containerPort"]) for p in ports]


def resolv_conf_of(pod: Object, node: ResolvConf) -> ResolvConf:
    """Return /etc/resolv.conf by dnsPolicy and dnsConfig."""
    spec = pod["spec"]
    policy = spec.get("dnsPolicy", "ClusterFirst")
    if policy == "None":
        base = ResolvConf()
    elif policy == "Default" or (policy == "ClusterFirst" and spec.get("hostNetwork")):
        base = node
    else:
        base = _cluster_first(pod["metadata"]["namespace"])
    extra = spec.get("dnsConfig")
    if not extra:
        return base
    options = [o["name"] + (f":{o['value']}" if o.get("value") else "") for o in extra.get("options") or ()]
    replaced = {o.partition(":")[0] for o in options}
    return ResolvConf(
        (*base.nameservers, *(extra.get("nameservers") or ())),
        (*base.search, *(extra.get("searches") or ())),
        (*(o for o in base.options if o.partition(":")[0] not in replaced), *options),
    )
