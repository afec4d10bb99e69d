"""What could be changed so that a pod fits: one candidate for each thing that refuses it.

Each knows how to try itself: it makes a changed pod or cluster, and the scheduler's own plugins say whether the pod fits then.
So the smallest change is found by trying, not by reading messages.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from k8slab.apimachinery.node_affinity import allows_node
from k8slab.apimachinery.types import Object, labels, name_of
from k8slab.explain.pods.simulation import Inputs, Refusal

__all__ = ["CONTROL_PLANE", "Relaxation", "relaxations"]

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
_TROUBLE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/memory-pressure",
            "node.kubernetes.io/disk-pressure", "node.kubernetes.io/pid-pressure", "node.kubernetes.io/network-unavailable",
            "node.cloudprovider.kubernetes.io/uninitialized", "node.kubernetes.io/out-of-service")  # fmt: skip
_CORDON = "node.kubernetes.io/unschedulable"


class Relaxation(NamedTuple):
    """One thing that could be changed.

    ``verdict`` is the cause, ``field`` is below the pod's spec (or of ``node``, if that is set), ``detail`` is what the words
    need: a taint, a resource, a key. ``meant`` says that it is a wish which some node fulfils, so probably not what is wrong.
    """

    verdict: str
    field: str
    apply: Callable[[Inputs], Inputs]
    detail: str = ""
    node: str = ""
    meant: bool = False


def relaxations(given: Inputs, found: Sequence[Refusal]) -> list[Relaxation]:
    """Return the candidates for everything that refused a node, each once."""
    candidates: dict[tuple[str, str, str], Relaxation] = {}
    for refusal in found:
        for candidate in _FOR.get(refusal.plugin, _nothing)(given, refusal):
            candidates.setdefault((candidate.verdict, candidate.detail, candidate.node), candidate)
    return list(candidates.values())


def _nothing(given: Inputs, refusal: Refusal) -> Iterator[Relaxation]:
    yield from ()


def _spec(given: Inputs, **changed: object) -> Inputs:
    spec = {k: v for k, v in {**given.pod["spec"], **changed}.items() if v is not None}
    return given.with_pod({**given.pod, "spec": spec})


def _node(given: Inputs, name: str) -> Object:
    return next(n for n in given.nodes if name_of(n) == name)


def _without_taint(name: str, keys: Sequence[str]) -> Callable[[Inputs], Inputs]:
    def change(node: Object) -> Object:
        if name_of(node) != name:
            return node
        spec = {k: v for k, v in (node.get("spec") or {}).items() if k != "unschedulable" or _CORDON not in keys}
        return {**node, "spec": {**spec, "taints": [t for t in spec.get("taints") or () if t["key"] not in keys]}}

    return lambda given: given.with_nodes(change)


def _cordon(given: Inputs, refusal: Refusal) -> Iterator[Relaxation]:
    yield Relaxation("cordoned", "spec.unschedulable", _without_taint(refusal.node, (_CORDON,)), "", refusal.node)


def _taint(given: Inputs, refusal: Refusal) -> Iterator[Relaxation]:
    key = refusal.detail.strip("{}").partition(":")[0]
    taint = next((t for t in (_node(given, refusal.node).get("spec") or {}).get("taints") or () if t["key"] == key), None)
    if taint is None:
        return
    if key in _TROUBLE:
        yield Relaxation("node-not-ready", "spec.taints", _without_taint(refusal.node, _TROUBLE), key, refusal.node)
        return
    if key == _CORDON:
        yield from _cordon(given, refusal)
        return
    toleration = {k: taint[k] for k in ("key", "value", "effect") if taint.get(k)} | (
        {} if taint.get("value") else {"operator": "Exists"}
    )
    words = f"{key}{'=' + taint['value'] if taint.get('value') else ''}:{taint['effect']}"
    yield Relaxation(
        "taint", "tolerations", lambda i: _spec(i, tolerations=[*(i.pod["spec"].get("tolerations") or ()), toleration]), words
    )


def _affinity(given: Inputs, refusal: Refusal) -> Iterator[Relaxation]:
    selector = given.pod["spec"].get("nodeSelector") or {}
    for key, value in selector.items():
        there = any(labels(n).get(key) == value for n in given.nodes)
        yield Relaxation("node-selector", "nodeSelector", _selector_without(key), key, meant=there)
    affinity = given.pod["spec"].get("affinity") or {}
    if "requiredDuringSchedulingIgnoredDuringExecution" in (affinity.get("nodeAffinity") or {}) and not _pinned(given.pod):
        rest = {k: v for k, v in affinity.items() if k != "nodeAffinity"}
        yield Relaxation("node-affinity", f"affinity.nodeAffinity.{_REQUIRED}", lambda i: _spec(i, affinity=rest or None),
                         meant=any(allows_node(given.pod["spec"], n) for n in given.nodes))  # fmt: skip


_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def _selector_without(key: str) -> Callable[[Inputs], Inputs]:
    return lambda i: _spec(i, nodeSelector={k: v for k, v in i.pod["spec"]["nodeSelector"].items() if k != key} or None)


def _pinned(pod: Object) -> bool:
    """Whether a DaemonSet has made it for one node."""
    required = ((pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}).get(_REQUIRED) or {}
    return any(term.get("matchFields") for term in required.get("nodeSelectorTerms") or ())


def _ports(given: Inputs, refusal: Refusal) -> Iterator[Relaxation]:
    for i, container in enumerate(given.pod["spec"]["containers"]):
        for j, port in enumerate(container.get("ports") or ()):
            if port.get("hostPort"):
                yield Relaxation(
                    "host-port", f"containers[{i}].ports[{j}].hostPort", _without_host_port(i, j), str(port["hostPort"])
                )


def _without_host_port(at: int, number: int) -> Callable[[Inputs], Inputs]:
    def apply(given: Inputs) -> Inputs:
        group = [dict(c) for c in given.pod["spec"]["containers"]]
        group[at]["ports"] = [p for j, p in enumerate(group[at]["ports"]) if j != number]
        return _spec(given, containers=group)

    return apply


def _fit(given: Inputs, refusal: Refusal) -> Iterator[Relaxation]:
    for reason in refusal.reasons:
        resource = reason.removeprefix("Insufficient ")
        if resource != reason:
            yield Relaxation("resource", _request_field(given.pod, resource), _without_request(resource), resource)
        elif reason == "Too many pods":
            yield Relaxation("pods", "status.allocatable.pods", _without_limit, "", refusal.node)


def _without_limit(given: Inputs) -> Inputs:
    def change(node: Object) -> Object:
        status = node.get("status") or {}
        return {**node, "status": {**status, "allocatable": {**(status.get("allocatable") or {}), "pods": "1000000"}}}

    return given.with_nodes(change)


def _request_field(pod: Object, resource: str) -> str:
    """Return the request that asks for most of a resource."""
    from k8slab.apimachinery.quantity import parse_quantity

    spec = pod["spec"]
    if resource in ((spec.get("resources") or {}).get("requests") or {}):
        return f"resources.requests.{resource}"
    asked = [
        (parse_quantity(amount), -i, f"{group}[{i}].resources.requests.{resource}")
        for group in ("containers", "initContainers")
        for i, container in enumerate(spec.get(group) or ())
        if (amount := ((container.get("resources") or {}).get("requests") or {}).get(resource)) is not None
    ]
    return max(asked)[2] if asked else f"containers[0].resources.requests.{resource}"


def _without_request(resource: str) -> Callable[[Inputs], Inputs]:
    def less(owner: Object) -> Object:
        resources = owner.get("resources") or {}
        sides = {
            k: {r: q for r, q in v.items() if r != resource} if k in ("requests", "limits") else v for k, v in resources.items()
        }
        return {**owner, "resources": sides}

    def apply(given: Inputs) -> Inputs:
        spec = less(given.pod["spec"])
        groups = {g: [less(c) for c in spec[g]] for g in ("containers", "initContainers") if spec.get(g)}
        overhead = {k: v for k, v in (spec.get("overhead") or {}).items() if k != resource}
        return given.with_pod({**given.pod, "spec": {**spec, **groups, "overhead": overhead}})

    return apply


def _between(given: Inputs, refusal: Refusal) -> Iterator[Relaxation]:
    affinity = given.pod["spec"].get("affinity") or {}
    kind = {
        "node(s) didn't match pod affinity rules": "podAffinity",
        "node(s) didn't match pod anti-affinity rules": "podAntiAffinity",
    }.get(refusal.reasons[0] if refusal.reasons else "")
    if kind:
        rest = {k: v for k, v in affinity.items() if k != kind}
        verdict = "pod-affinity" if kind == "podAffinity" else "pod-anti-affinity"
        yield Relaxation(verdict, f"affinity.{kind}.{_REQUIRED}", lambda i: _all_alike(i, kind, rest))
    elif "podAntiAffinity" in affinity and any(_anti(p) == _anti(given.pod) for p in given.pods):
        rest = {k: v for k, v in affinity.items() if k != "podAntiAffinity"}
        field = f"affinity.podAntiAffinity.{_REQUIRED}"
        yield Relaxation("pod-anti-affinity", field, lambda i: _all_alike(i, "podAntiAffinity", rest))
    elif "existing pods anti-affinity" in " ".join(refusal.reasons):
        yield Relaxation("existing-anti-affinity", "", _friendly)


def _anti(pod: Object) -> Object:
    affinity: Object = (pod["spec"].get("affinity") or {}).get("podAntiAffinity") or {}
    return affinity


def _all_alike(given: Inputs, kind: str, rest: Object) -> Inputs:
    """A change of a template changes the pods that are there already, too."""
    if kind == "podAntiAffinity":
        mine = _anti(given.pod)
        alike = [{**p, "spec": {**p["spec"], "affinity": rest}} if _anti(p) == mine else p for p in given.pods]
        given = replace(given, pods=tuple(alike))
    return _spec(given, affinity=rest or None)


def _friendly(given: Inputs) -> Inputs:
    """Let the pods that are there mind nobody."""

    def change(pod: Object) -> Object:
        affinity = {k: v for k, v in (pod["spec"].get("affinity") or {}).items() if k != "podAntiAffinity"}
        return {**pod, "spec": {**pod["spec"], "affinity": affinity}}

    return replace(given, pods=tuple(change(p) for p in given.pods))


def _spread(given: Inputs, refusal: Refusal) -> Iterator[Relaxation]:
    constraints = given.pod["spec"].get("topologySpreadConstraints") or []
    for i, constraint in enumerate(constraints):
        if constraint.get("whenUnsatisfiable", "DoNotSchedule") == "DoNotSchedule":
            yield Relaxation("spread", f"topologySpreadConstraints[{i}]", _without_constraint(i), constraint["topologyKey"],
                             meant=any(constraint["topologyKey"] in labels(n) for n in given.nodes))  # fmt: skip


def _without_constraint(at: int) -> Callable[[Inputs], Inputs]:
    return lambda i: _spec(
        i, topologySpreadConstraints=[c for n, c in enumerate(i.pod["spec"]["topologySpreadConstraints"]) if n != at]
    )


def _volumes(given: Inputs, refusal: Refusal) -> Iterator[Relaxation]:
    for i, volume in enumerate(given.pod["spec"].get("volumes") or ()):
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim:
            verdict = {"VolumeZone": "volume-zone", "NodeVolumeLimits": "volume-limit", "VolumeRestrictions": "volume-in-use"}
            yield Relaxation(verdict.get(refusal.plugin, "volume"), f"volumes[{i}]", _without_volume(i), claim, meant=True)


def _without_volume(at: int) -> Callable[[Inputs], Inputs]:
    return lambda i: _spec(i, volumes=[v for n, v in enumerate(i.pod["spec"]["volumes"]) if n != at])


_FOR: dict[str, Callable[[Inputs, Refusal], Iterator[Relaxation]]] = {
    "NodeUnschedulable": _cordon,
    "TaintToleration": _taint,
    "NodeAffinity": _affinity,
    "NodePorts": _ports,
    "NodeResourcesFit": _fit,
    "InterPodAffinity": _between,
    "PodTopologySpread": _spread,
    "VolumeBinding": _volumes,
    "VolumeZone": _volumes,
    "NodeVolumeLimits": _volumes,
    "VolumeRestrictions": _volumes,
}
