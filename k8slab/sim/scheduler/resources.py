"""Resource arithmetic in whole numbers: what a pod asks for and what a node can give.

Upstream: k8s.io/component-helpers/resource (PodRequests) and pkg/scheduler/framework (Resource). CPU is counted in
thousandths, everything else in units (bytes).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from k8slab.apimachinery.quantity import milli_value, value
from k8slab.apimachinery.types import Object

__all__ = ["DEFAULT_MEMORY", "DEFAULT_MILLI_CPU", "Resources", "add", "amounts", "pod_requests", "resize_state", "resized_spec"]

#: Resource name -> amount; "cpu" in thousandths of a core.
Resources = dict[str, int]

#: What scoring assumes for a container that does not request the resource, so that such pods spread out too.
DEFAULT_MILLI_CPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024

_DEFAULTS = {"cpu": DEFAULT_MILLI_CPU, "memory": DEFAULT_MEMORY}


def amounts(quantities: Mapping[str, Any] | None) -> Resources:
    """Return a map of quantities as whole numbers.

    >>> amounts({"cpu": "250m", "memory": "1Ki", "example.com/gpu": "2"})
    {'cpu': 250, 'memory': 1024, 'example.com/gpu': 2}
    """
    return {name: milli_value(q) if name == "cpu" else value(q) for name, q in (quantities or {}).items()}


def add(total: Resources, more: Mapping[str, int]) -> None:
    """Add in place."""
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _maximum(total: Resources, other: Mapping[str, int]) -> None:
    for name, amount in other.items():
        if amount > total.get(name, -1):
            total[name] = amount


def _requests(container: Object, non_zero: bool) -> Resources:
    requests = amounts((container.get("resources") or {}).get("requests"))
    return {**_DEFAULTS, **requests} if non_zero else requests


def _init_peak(init_containers: Iterable[Object], total: Resources, non_zero: bool) -> Resources:
    """Return the highest demand while starting; adds the sidecars, which keep running, to the total."""
    sidecars: Resources = {}
    peak: Resources = {}
    for container in init_containers:
        wanted = _requests(container, non_zero)
        if container.get("restartPolicy") == "Always":
            add(total, wanted)
            add(sidecars, wanted)
            wanted = dict(sidecars)
        else:
            add(wanted, sidecars)
        _maximum(peak, wanted)
    return peak


def pod_requests(spec: Object, non_zero: bool = False) -> Resources:
    """Return what a pod requests: the containers' sum or an init container's peak, whichever is more, plus overhead.

    Parameters
    ----------
    spec
        The pod's spec.
    non_zero
        Whether containers without a CPU or memory request count with the defaults (for scoring).

    Examples
    --------
    >>> pod_requests({"containers": [{"resources": {"requests": {"cpu": "1"}}}],
    ...               "initContainers": [{"resources": {"requests": {"cpu": "3"}}}]})
    {'cpu': 3000}
    """
    total: Resources = {}
    for container in spec.get("containers") or ():
        add(total, _requests(container, non_zero))
    if spec.get("initContainers"):
        peak = _init_peak(spec["initContainers"], total, non_zero)
        _maximum(total, peak)
    if spec.get("resources"):
        total.update(amounts(spec["resources"].get("requests")))
    if spec.get("overhead"):
        add(total, amounts(spec["overhead"]))
    return total


def resize_state(pod: Object) -> tuple[Any, ...]:
    """Return what the kubelet says about an in-place resize of a pod, () if there is none under way."""
    status = pod.get("status") or {}
    told = [(c["type"], c.get("reason", "")) for c in status.get("conditions") or () if c["type"].startswith("PodResize")]
    if not told:
        return ()
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    held = [(c["name"], c.get("allocatedResources") or {}, (c.get("resources") or {}).get("requests") or {}) for c in containers]
    return (*told, *held)


def resized_spec(pod: Object) -> Object:
    """Return a pod's spec with the requests that count while it is resized in place.

    These are the largest of desired, allocated and actual; what a node can never give (Infeasible) does not count.

    >>> spec = {"containers": [{"name": "c", "resources": {"requests": {"cpu": "9"}}}]}
    >>> held = {"name": "c", "allocatedResources": {"cpu": "1"}, "resources": {"requests": {"cpu": "2"}}}
    >>> waits = {"type": "PodResizePending", "reason": "Infeasible"}
    >>> pod_requests(resized_spec({"spec": spec, "status": {"conditions": [waits], "containerStatuses": [held]}}))
    {'cpu': 2000}
    """
    state = resize_state(pod)
    if not state:
        return dict(pod["spec"])
    infeasible = ("PodResizePending", "Infeasible") in state
    held = {entry[0]: entry[1:] for entry in state if len(entry) == 3}

    def requests(container: Object) -> Object:
        desired = {} if infeasible else (container.get("resources") or {}).get("requests") or {}
        largest: dict[str, Any] = dict(desired)
        for other in held.get(container["name"], ()):
            for name, amount in other.items():
                if name not in largest or amounts({name: amount})[name] > amounts({name: largest[name]})[name]:
                    largest[name] = amount
        return {**container, "resources": {**(container.get("resources") or {}), "requests": largest}}

    kinds = ("containers", "initContainers")
    changed = {kind: [requests(c) if c["name"] in held else c for c in pod["spec"].get(kind) or ()] for kind in kinds}
    return {**pod["spec"], **{kind: containers for kind, containers in changed.items() if containers}}
