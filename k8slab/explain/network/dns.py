"""A pod that cannot ask the cluster's DNS: names of Services mean nothing to it, though their addresses may answer."""

from dataclasses import replace

from k8slab.apimachinery.types import Object, key_of, labels, name_of, namespace_of
from k8slab.explain.answer import LIKELY, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.network.policies import called, policies_of, rules_of
from k8slab.explain.network.service import service_trouble
from k8slab.explain.wording import kubectl
from k8slab.explain.world import World
from k8slab.sim.network.policy import Peer, judge_direction

__all__ = ["dns_trouble"]

_NAMESPACE = "kube-system"
_APP = "kube-dns"  #: the label k8s-app of cluster DNS, whatever program it is
_POD: Object = {
    "kind": "Pod",
    "metadata": {"name": "coredns", "namespace": _NAMESPACE, "labels": {"k8s-app": _APP}},
    "spec": {"containers": [{"name": "coredns", "ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]}]},
}


def dns_trouble(world: World, source: Peer, name: str) -> Answer | None:
    """Say why a pod cannot find a name in the cluster's DNS; None if it can, or if nothing is known about it."""
    if source.policed is None:
        return None
    return _refused(world, source, source.policed, name) or _down(world, source.policed, name)


def _refused(world: World, source: Peer, pod: Object, name: str) -> Answer | None:
    """A policy keeps the pod from asking."""
    found = world.get("namespaces", _NAMESPACE, deciding=False)
    labels_ = ((found or {}).get("metadata") or {}).get("labels") or {"kubernetes.io/metadata.name": _NAMESPACE}
    policies = policies_of(world, source)
    verdict = judge_direction(policies, "Egress", source, Peer("10.96.0.10", _POD, labels_), 53, "UDP")
    if verdict.allowed:
        return None
    policy = next(p for p in policies if key_of(p) == verdict.policy)
    text = (
        f"{label_of(pod)} may not ask the cluster's DNS, so it cannot find {name} by its name: "
        f"{called(policy)} isolates it for egress, and no rule allows port 53."
    )
    return Answer("traffic.policy.dns", text, f"networkpolicy/{name_of(policy)}", "spec.egress", namespace_of(policy), LIKELY,
                  (Evidence(f"networkpolicy/{name_of(policy)} spec.egress", rules_of(policy, "egress")),),
                  "Allow egress to namespace kube-system, pods k8s-app=kube-dns, port 53 UDP and TCP.",
                  kubectl(f"edit networkpolicy {name_of(policy)}", namespace_of(policy)))  # fmt: skip


def _down(world: World, pod: Object, name: str) -> Answer | None:
    """Nobody stands behind the Service of cluster DNS."""
    for service in world.peek("services", _NAMESPACE):
        trouble = service_trouble(world, service) if labels(service).get("k8s-app") == _APP else None
        if trouble is not None:
            text = f"{label_of(pod)} cannot find {name} by its name: the cluster's DNS does not answer. {trouble.sentence}"
            return replace(trouble, verdict="traffic.dns.down", sentence=text, confidence=LIKELY)
    return None
