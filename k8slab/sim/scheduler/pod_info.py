"""A pod as the scheduler sees it: its object and what is read from it again and again, parsed once.

Upstream: pkg/scheduler/framework/types.go (PodInfo, AffinityTerm).
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from k8slab.apimachinery.compact import compact_json
from k8slab.apimachinery.labels import Labels, Selector, matches, selector_of
from k8slab.apimachinery.pod_claims import pod_claims
from k8slab.apimachinery.timestamps import parse_time
from k8slab.apimachinery.types import Object
from k8slab.sim.scheduler.resources import (
    DEFAULT_MEMORY,
    DEFAULT_MILLI_CPU,
    Resources,
    pod_requests,
    resize_state,
    resized_spec,
)

__all__ = ["AffinityTerm", "PodInfo", "host_ports", "with_label_keys"]

#: A host port in use: (address, protocol, port).
HostPort = tuple[str, str, int]


class AffinityTerm(NamedTuple):
    """One term of pod (anti-)affinity. ``namespace_selector`` None matches no further namespace."""

    namespaces: frozenset[str]
    namespace_selector: Selector | None
    selector: Selector | None
    topology_key: str
    weight: int = 0

    def matches(self, pod: "PodInfo", namespace_labels: Labels | None) -> bool:
        """Whether the term speaks of this pod; ``namespace_labels`` are those of the pod's namespace."""
        if pod.namespace not in self.namespaces and (
            self.namespace_selector is None or namespace_labels is None or not matches(self.namespace_selector, namespace_labels)
        ):
            return False
        return self.selector is not None and matches(self.selector, pod.labels)


def with_label_keys(selector: Selector | None, keys: Iterable[str], labels: Labels, operator: str = "In") -> Selector | None:
    """Add ``matchLabelKeys``: the pod's own value of each label becomes a requirement.

    The API server has merged them into the stored selector already; saying so again changes nothing.
    """
    if selector is None:
        return None
    return selector + tuple((key, operator, (labels[key],)) for key in keys if key in labels)


def _term(raw: Object, pod: "PodInfo", weight: int = 0) -> AffinityTerm:
    namespaces = raw.get("namespaces") or ()
    own = not namespaces and raw.get("namespaceSelector") is None
    selector = with_label_keys(selector_of(raw.get("labelSelector")), raw.get("matchLabelKeys") or (), pod.labels)
    selector = with_label_keys(selector, raw.get("mismatchLabelKeys") or (), pod.labels, "NotIn")
    return AffinityTerm(
        frozenset((pod.namespace,) if own else namespaces),
        selector_of(raw.get("namespaceSelector")),
        selector,
        raw["topologyKey"],
        weight,
    )


def host_ports(spec: Object) -> tuple[HostPort, ...]:
    """Return the host ports a pod wants, those of its sidecars included."""
    sidecars = [c for c in spec.get("initContainers") or () if c.get("restartPolicy") == "Always"]
    return tuple(
        (port.get("hostIP") or "0.0.0.0", port.get("protocol") or "TCP", port["hostPort"])
        for container in [*(spec.get("containers") or ()), *sidecars]
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )


class PodInfo:
    """A pod with its parsed requests, ports, claims and affinity terms.

    ``node_name`` is where the scheduler believes the pod to be (it may know before the API does).
    """

    __slots__ = (
        "affinity",
        "anti_affinity",
        "claims",
        "labels",
        "name",
        "namespace",
        "node_name",
        "non_zero_cpu",
        "non_zero_memory",
        "obj",
        "ports",
        "preferred_affinity",
        "preferred_anti_affinity",
        "priority",
        "requests",
        "resize",
        "signature",
        "spec",
        "terminating",
        "uid",
    )

    def __init__(self, obj: Object) -> None:
        meta, spec = obj["metadata"], obj["spec"]
        self.obj, self.spec = obj, spec
        self.namespace: str = meta.get("namespace", "")
        self.name: str = meta["name"]
        self.uid: str = meta.get("uid") or f"{self.namespace}/{self.name}"
        self.labels: dict[str, str] = meta.get("labels") or {}
        self.terminating = "deletionTimestamp" in meta
        self.priority: int = spec.get("priority") or 0
        self.node_name: str = spec.get("nodeName") or ""
        self.signature: bytes | None = None
        self.resize = resize_state(obj)
        counted = resized_spec(obj) if self.resize else spec
        self.requests: Resources = pod_requests(counted)
        self._set_non_zero(counted)
        self.ports = host_ports(spec)
        self.claims = tuple((c.claim, c.ephemeral) for c in pod_claims(obj)) if spec.get("volumes") else ()
        self.affinity: tuple[AffinityTerm, ...] = ()
        self.anti_affinity: tuple[AffinityTerm, ...] = ()
        self.preferred_affinity: tuple[AffinityTerm, ...] = ()
        self.preferred_anti_affinity: tuple[AffinityTerm, ...] = ()
        if spec.get("affinity"):
            self._parse_affinity(spec["affinity"])

    def _set_non_zero(self, spec: Object) -> None:
        containers = spec.get("containers") or ()
        if len(containers) == 1 and not spec.get("initContainers") and not spec.get("resources") and not spec.get("overhead"):
            self.non_zero_cpu = self.requests.get("cpu", DEFAULT_MILLI_CPU)
            self.non_zero_memory = self.requests.get("memory", DEFAULT_MEMORY)
            return
        requests = pod_requests(spec, non_zero=True)
        self.non_zero_cpu, self.non_zero_memory = requests.get("cpu", 0), requests.get("memory", 0)

    def _parse_affinity(self, affinity: Object) -> None:
        def required(kind: str) -> tuple[AffinityTerm, ...]:
            terms = (affinity.get(kind) or {}).get("requiredDuringSchedulingIgnoredDuringExecution") or ()
            return tuple(_term(t, self) for t in terms)

        def preferred(kind: str) -> tuple[AffinityTerm, ...]:
            terms = (affinity.get(kind) or {}).get("preferredDuringSchedulingIgnoredDuringExecution") or ()
            return tuple(_term(t["podAffinityTerm"], self, t["weight"]) for t in terms)

        self.affinity, self.anti_affinity = required("podAffinity"), required("podAntiAffinity")
        self.preferred_affinity, self.preferred_anti_affinity = preferred("podAffinity"), preferred("podAntiAffinity")

    @property
    def key(self) -> str:
        """namespace/name."""
        return f"{self.namespace}/{self.name}"

    @property
    def has_affinity(self) -> bool:
        """Whether the pod has any pod affinity or anti-affinity, required or preferred."""
        return bool(self.affinity or self.anti_affinity or self.preferred_affinity or self.preferred_anti_affinity)

    @property
    def start_time(self) -> float:
        """When the kubelet started it; infinity while it has not (upstream: the present)."""
        started = (self.obj.get("status") or {}).get("startTime")
        return parse_time(started) if started else float("inf")

    @property
    def nominated_node(self) -> str:
        """``status.nominatedNodeName``."""
        return (self.obj.get("status") or {}).get("nominatedNodeName") or ""

    def same_for_scheduling(self, obj: Object) -> bool:
        """Whether a newer version of the object differs in nothing that is parsed here (the binding adds ``nodeName``)."""
        meta, spec = obj["metadata"], self.spec
        if spec is not obj["spec"] and not spec.get("nodeName"):
            spec = {**spec, "nodeName": self.node_name}
        return (
            spec == obj["spec"]
            and self.labels == (meta.get("labels") or {})
            and self.terminating == ("deletionTimestamp" in meta)
            and self.resize == resize_state(obj)
        )

    def sign(self, parts: Callable[["PodInfo"], Any]) -> bytes:
        """Return the pod's signature, computed at the first call: ``parts`` gives what it is made of."""
        if self.signature is None:
            self.signature = compact_json(parts(self))
        return self.signature
