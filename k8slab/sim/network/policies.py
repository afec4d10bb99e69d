"""The part of the CNI plugin that applies NetworkPolicies: it knows the pods behind the addresses, `policy` judges.

A cluster whose plugin does not enforce policies (flannel, in life) has one too: it judges, and lets everything pass.
"""

from k8slab.apimachinery.types import Object, labels
from k8slab.sim.client import Client
from k8slab.sim.network.namespace import DNS_SERVICE_IP, NetNamespace
from k8slab.sim.network.policy import Peer, Verdict, judge_direction

__all__ = ["PolicyAgent"]

_DNS_PORTS = [{"name": "dns", "containerPort": 53, "protocol": "UDP"}, {"name": "dns-tcp", "containerPort": 53}]
_DNS_POD: Object = {
    "metadata": {"name": "coredns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}},
    "spec": {"containers": [{"name": "coredns", "ports": _DNS_PORTS}]},
}


class PolicyAgent:
    """Judges connections between addresses.

    Parameters
    ----------
    client
        Reads policies, pods and namespaces.
    enforced
        Whether connections that the policies do not allow are dropped.
    """

    def __init__(self, client: Client, enforced: bool = True) -> None:
        self.enforced = enforced
        self._policies = client.informer("networkpolicies.networking.k8s.io")
        self._pods = client.informer("pods")
        self._namespaces = client.informer("namespaces")

    def peer(self, namespace: NetNamespace) -> Peer:
        """Return who is behind a network namespace: a pod, or a node."""
        owner, _, name = namespace.name.partition("/")
        pod = self._pods.get(name, owner) if name else None
        return Peer(namespace.ip, pod, self._labels(owner) if pod else {}, namespace.node)

    def name_server(self) -> Peer:
        """Return cluster DNS, which policies see as the pods that stand behind it in a real cluster."""
        return Peer(DNS_SERVICE_IP, _DNS_POD, self._labels("kube-system"))

    def judge(self, source: Peer, seen_as: Peer, target: Peer, port: int, protocol: str) -> list[Verdict]:
        """Judge a connection.

        Parameters
        ----------
        source, seen_as
            Who connects, and whom the target sees: a node, if its kube-proxy has put its own address in place.
        target, port, protocol
            To what.

        Returns
        -------
        list of Verdict
            None where no policy exists in the namespaces of the two.
        """
        found = []
        outgoing = self._of(source)
        if outgoing:
            found.append(judge_direction(outgoing, "Egress", source, target, port, protocol))
        incoming = self._of(target) if not found or found[-1].allowed else []
        if incoming:
            found.append(judge_direction(incoming, "Ingress", seen_as, target, port, protocol))
        return found

    def _of(self, peer: Peer) -> list[Object]:
        return [] if peer.policed is None else self._policies.list(peer.policed["metadata"]["namespace"])

    def _labels(self, namespace: str) -> dict[str, str]:
        found = self._namespaces.get(namespace)
        return {"kubernetes.io/metadata.name": namespace, **(labels(found) if found else {})}
