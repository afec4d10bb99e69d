"""What one network namespace knows: its address, its ``/etc/hosts`` and its ``/etc/resolv.conf``.

A pod's containers share one (that is why they reach each other on localhost); a node has one of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["CLUSTER_DOMAIN", "DNS_SERVICE_IP", "NetNamespace", "ResolvConf", "cluster_first"]

CLUSTER_DOMAIN = "cluster.local"
DNS_SERVICE_IP = "10.96.0.10"


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """The name server, the search path and ``ndots``."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    @property
    def ndots(self) -> int:
        """How many dots make a name be tried as it is first."""
        return next((int(o[6:]) for o in reversed(self.options) if o.startswith("ndots:")), 1)

    def text(self) -> str:
        """Return the file.

        >>> print(cluster_first("chat").text(), end="")
        search chat.svc.cluster.local svc.cluster.local cluster.local
        nameserver 10.96.0.10
        options ndots:5
        """
        lines = [f"search {' '.join(self.search)}"] if self.search else []
        lines += [f"nameserver {n}" for n in self.nameservers]
        lines += [f"options {' '.join(self.options)}"] if self.options else []
        return "".join(line + "\n" for line in lines)

    def candidates(self, name: str) -> list[str]:
        """Return the full names to ask for, in the resolver's order.

        >>> cluster_first("chat").candidates("web")[:2]
        ['web.chat.svc.cluster.local', 'web.svc.cluster.local']
        """
        if name.endswith("."):
            return [name[:-1]]
        searched = [f"{name}.{domain}" for domain in self.search]
        return [name, *searched] if name.count(".") >= self.ndots else [*searched, name]


def cluster_first(namespace: str) -> ResolvConf:
    """Return what the kubelet gives a pod with dnsPolicy ClusterFirst."""
    search = (f"{namespace}.svc.{CLUSTER_DOMAIN}", f"svc.{CLUSTER_DOMAIN}", CLUSTER_DOMAIN)
    return ResolvConf((DNS_SERVICE_IP,), search, ("ndots:5",))


@dataclass(slots=True)
class NetNamespace:
    """The network as one pod sandbox or node sees it.

    Parameters
    ----------
    ip, node
        Address, and the node it is on.
    name
        ``namespace/pod``, or the node's name: the source in path records.
    resolv
        Name resolution.
    hostname
        What the machine calls itself.
    hosts
        Further names in ``/etc/hosts``.
    sysctls
        Kernel parameters that the pod sets.
    """

    ip: str
    node: str
    name: str
    resolv: ResolvConf
    hostname: str
    hosts: Mapping[str, str] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)

    @property
    def unprivileged_port_start(self) -> int:
        """The first port that a process without NET_BIND_SERVICE may listen on: 0 in a pod, as containerd 2 sets it."""
        return int(self.sysctls.get("net.ipv4.ip_unprivileged_port_start", 0))

    @property
    def ping_groups(self) -> tuple[int, int]:
        """The first and last group whose members may ping without NET_RAW: all in a pod, as containerd 2 sets it."""
        first, last = self.sysctls.get("net.ipv4.ping_group_range", "0 2147483647").split()
        return int(first), int(last)

    @property
    def full_name(self) -> str:
        """The host name with its domain, if the pod has a subdomain."""
        return next((n for n, ip in self.hosts.items() if ip == self.ip and n.startswith(f"{self.hostname}.")), self.hostname)

    def hosts_file(self) -> str:
        """Return ``/etc/hosts`` as the kubelet writes it.

        >>> hosts = {"web.front.chat.svc.cluster.local": "10.244.1.2", "db": "192.0.2.7", "cache": "192.0.2.7"}
        >>> text = NetNamespace("10.244.1.2", "node", "chat/web", ResolvConf(), "web", hosts).hosts_file()
        >>> text.splitlines()[-4::3]
        ['10.244.1.2\\tweb.front.chat.svc.cluster.local\\tweb', '192.0.2.7\\tdb\\tcache']
        """
        head = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        head += "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n"
        by_ip: dict[str, list[str]] = {self.ip: []}
        for name, ip in self.hosts.items():
            by_ip.setdefault(ip, []).append(name)
        own = "\t".join([self.ip, *by_ip.pop(self.ip), self.hostname])
        aliases = "".join("\t".join([ip, *names]) + "\n" for ip, names in by_ip.items())
        return f"{head}{own}\n" + (f"\n# Entries added by HostAliases.\n{aliases}" if aliases else "")
