"""What NetworkPolicies say about a connection: pure functions over plain objects, for any cluster.

Real component: the policy engine of a CNI plugin (kube-network-policies of kind, Calico, Cilium). A pod that no policy
selects for a direction may talk freely in it; one that is selected may do what at least one rule of one policy allows. The
verdict carries that policy and rule, or the policies that isolate the pod and have no such rule.

Left to the plugin by the specification, here as most plugins do it: addresses are those behind Services, ipBlock applies to
pods too, pods on the host's network are addresses and not pods, and a node reaches the pods it runs (kubelet probes).
Upstream: k8s.io/api/networking/v1 (semantics), kubernetes-sigs/kube-network-policies.
"""

from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Literal, NamedTuple

from k8slab.apimachinery.labels import matches, selector_of
from k8slab.apimachinery.types import Object, key_of, labels

__all__ = ["Direction", "Peer", "Verdict", "judge", "judge_direction", "policy_types", "selects"]

Direction = Literal["Ingress", "Egress"]

_FIELDS: Mapping[Direction, tuple[str, str]] = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}


class Peer(NamedTuple):
    """One end of a connection: a pod with the labels of its namespace, or only an address (``pod`` is None)."""

    ip: str
    pod: Object | None = None
    namespace_labels: Mapping[str, str] = {}
    node: str = ""

    @property
    def policed(self) -> Object | None:
        """The pod, if policies can apply to it: one on the host's network is nothing but its node's address."""
        return None if self.pod is None or self.pod["spec"].get("hostNetwork") else self.pod


class Verdict(NamedTuple):
    """Whether a connection is allowed, and by what.

    ``policy`` is the key of the deciding policy ("" if none applies), ``rule`` the index of the rule that allows (None if
    none does), ``isolating`` are the keys of all policies that select the pod in the direction.
    """

    allowed: bool
    direction: Direction
    text: str
    policy: str = ""
    rule: int | None = None
    isolating: tuple[str, ...] = ()


def policy_types(policy: Object) -> list[str]:
    """Return the directions a policy is about; if it does not say, Ingress, and Egress if it has egress rules.

    >>> policy_types({"spec": {"podSelector": {}, "egress": []}}), policy_types({"spec": {"podSelector": {}, "egress": [{}]}})
    (['Ingress'], ['Ingress', 'Egress'])
    """
    spec = policy["spec"]
    return spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]


def selects(policy: Object, pod: Object, direction: Direction) -> bool:
    """Whether a policy isolates a pod in a direction."""
    same = policy["metadata"].get("namespace") == pod["metadata"].get("namespace")
    return same and direction in policy_types(policy) and _matches(policy["spec"].get("podSelector") or {}, labels(pod))


def judge(policies: Iterable[Object], source: Peer, target: Peer, port: int, protocol: str = "TCP") -> list[Verdict]:
    """Judge a connection: what egress says about its source, then, if that allows it, what ingress says about its target.

    Parameters
    ----------
    policies
        All of the cluster, or at least of the namespaces of both pods.
    source, target
        Its ends; the target behind a Service, not the Service.
    port, protocol
        Of the target.

    Returns
    -------
    list of Verdict
        The connection is allowed if the last one is.
    """
    known = list(policies)
    egress = judge_direction(known, "Egress", source, target, port, protocol)
    return [egress, judge_direction(known, "Ingress", source, target, port, protocol)] if egress.allowed else [egress]


def judge_direction(
    policies: Iterable[Object], direction: Direction, source: Peer, target: Peer, port: int, protocol: str = "TCP"
) -> Verdict:
    """Judge one direction of a connection."""
    subject, other = (target, source) if direction == "Ingress" else (source, target)
    pod = subject.policed
    if pod is None:
        return Verdict(True, direction, f"{subject.ip} is no pod that policies apply to")
    if source.ip == target.ip:
        return Verdict(True, direction, "a pod reaches itself")
    if direction == "Ingress" and source.policed is None and source.node and source.node == target.node:
        return Verdict(True, direction, f"{source.node} reaches the pods that it runs")
    isolating = sorted((p for p in policies if selects(p, pod, direction)), key=key_of)
    keys = tuple(key_of(p) for p in isolating)
    if not isolating:
        return Verdict(True, direction, f"no policy selects {key_of(pod)} for {direction.lower()}")
    rules_field, peers_field = _FIELDS[direction]
    for policy in isolating:
        for number, rule in enumerate(policy["spec"].get(rules_field) or ()):
            if _allows_peer(rule.get(peers_field), policy, other) and _allows_port(rule.get("ports"), target, port, protocol):
                text = f"{key_of(policy)} allows it: {rules_field}[{number}]"
                return Verdict(True, direction, text, key_of(policy), number, keys)
    text = f"{key_of(pod)} is isolated by {', '.join(keys)}, and no {direction.lower()} rule allows it"
    return Verdict(False, direction, text, keys[0], None, keys)


def _allows_peer(peers: list[Object] | None, policy: Object, other: Peer) -> bool:
    return not peers or any(_is_peer(peer, policy, other) for peer in peers)


def _is_peer(peer: Object, policy: Object, other: Peer) -> bool:
    block = peer.get("ipBlock")
    if block:
        return _within(other.ip, block["cidr"]) and not any(_within(other.ip, hole) for hole in block.get("except") or ())
    pod, pods, namespaces = other.policed, peer.get("podSelector"), peer.get("namespaceSelector")
    if pod is None or (pods is None and namespaces is None):
        return False
    if namespaces is None:
        near = pod["metadata"].get("namespace") == policy["metadata"].get("namespace")
    else:
        near = _matches(namespaces, other.namespace_labels)
    return near and (pods is None or _matches(pods, labels(pod)))


def _allows_port(ports: list[Object] | None, target: Peer, port: int, protocol: str) -> bool:
    return not ports or any(_is_port(entry, target, port, protocol) for entry in ports)


def _is_port(entry: Object, target: Peer, port: int, protocol: str) -> bool:
    if (entry.get("protocol") or "TCP") != protocol:
        return False
    wanted = entry.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return bool(wanted <= port <= (entry.get("endPort") or wanted))
    return target.policed is not None and (wanted, port, protocol) in _named_ports(target.policed)


def _named_ports(pod: Object) -> set[tuple[str, int, str]]:
    containers = pod["spec"].get("containers") or ()
    ports = [p for c in containers for p in c.get("ports") or ()]
    return {(p.get("name") or "", p["containerPort"], p.get("protocol") or "TCP") for p in ports}


def _matches(selector: Object, found: Mapping[str, str]) -> bool:
    return matches(selector_of(selector) or (), found)


def _within(ip: str, cidr: str) -> bool:
    return ip_address(ip) in ip_network(cidr, strict=False)
