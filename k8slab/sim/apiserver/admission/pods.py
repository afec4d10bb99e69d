"""Small plugins that complete pods: DefaultTolerationSeconds, Priority, RuntimeClass.

Upstream: plugin/pkg/admission/{defaulttolerationseconds,priority,runtimeclass}.
"""

from k8slab.apimachinery.types import Object, name_of
from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.client import Client

__all__ = ["DefaultTolerationSeconds", "Priority", "RuntimeClass"]

_CLASSES = "priorityclasses.scheduling.k8s.io"


def _tolerates(toleration: Object, key: str) -> bool:
    return toleration.get("key", "") in ("", key) and toleration.get("effect", "") in ("", "NoExecute")


class DefaultTolerationSeconds(Plugin):
    """Lets pods stay for five minutes on a node that is not ready or not reachable."""

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """Pods whenever written."""
        return resource == "pods" and not subresource and operation in ("CREATE", "UPDATE")

    def admit(self, request: AdmissionRequest) -> None:
        """Add the two tolerations where nothing like them is there."""
        spec = request.new["spec"]
        present = spec.get("tolerations") or []
        added = [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
            if not any(_tolerates(toleration, key) for toleration in present)
        ]
        if added:
            spec["tolerations"] = [*present, *added]


class Priority(Plugin):
    """Turns the name of a PriorityClass into a number, and keeps the default class unique."""

    def __init__(self, client: Client) -> None:
        self._classes = client.informer(_CLASSES)
        self._classes.add_index("admission-global-default", lambda obj: ["yes"] if obj.get("globalDefault") else [])

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """Pods and PriorityClasses whenever written."""
        return resource in ("pods", _CLASSES) and not subresource and operation in ("CREATE", "UPDATE")

    def admit(self, request: AdmissionRequest) -> None:
        """Set ``priority`` and ``preemptionPolicy``."""
        if request.resource.plural != "pods":
            return
        spec = request.new["spec"]
        if request.operation == "UPDATE":
            for field in ("priority", "preemptionPolicy"):
                if spec.get(field) is None and request.old["spec"].get(field) is not None:
                    spec[field] = request.old["spec"][field]
            return
        name = spec.get("priorityClassName")
        priority_class = self._classes.get(name) if name else self._default()
        if name and priority_class is None:
            raise request.forbidden(f"no PriorityClass with name {name} was found")
        if priority_class is not None:
            spec["priorityClassName"] = name_of(priority_class)
        chosen = priority_class or {}
        _set(request, "priority", chosen.get("value", 0), "integer value of priority")
        _set(
            request,
            "preemptionPolicy",
            chosen.get("preemptionPolicy", "PreemptLowerPriority"),
            "string value of PreemptionPolicy",
        )

    def _default(self) -> Object | None:
        found = self._classes.by_index("admission-global-default", "yes")
        return min(found, key=lambda c: (c.get("value", 0), name_of(c))) if found else None

    def validate(self, request: AdmissionRequest) -> None:
        """Refuse a second default class."""
        if request.resource.plural == "pods" or not request.new.get("globalDefault"):
            return
        for other in self._classes.by_index("admission-global-default", "yes"):
            if name_of(other) != name_of(request.new):
                text = f"PriorityClass {name_of(other)} is already marked as default. Only one default can exist"
                raise request.forbidden(text)


def _set(request: AdmissionRequest, field: str, value: object, label: str) -> None:
    given = request.new["spec"].get(field)
    if given is not None and given != value:
        text = f"the {label} ({given}) must not be provided in pod spec; "
        raise request.forbidden(f"{text}priority admission controller computed {value} from the given PriorityClass name")
    request.new["spec"][field] = value


class RuntimeClass(Plugin):
    """Adds what a RuntimeClass brings along: overhead, node selector, tolerations."""

    def __init__(self, client: Client) -> None:
        self._classes = client.informer("runtimeclasses.node.k8s.io")

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """New pods."""
        return (resource, subresource, operation) == ("pods", "", "CREATE")

    def admit(self, request: AdmissionRequest) -> None:
        """Merge the class into the pod."""
        spec = request.new["spec"]
        name = spec.get("runtimeClassName")
        if not name:
            return
        found = self._classes.get(name)
        if found is None:
            raise request.forbidden(f'pod rejected: RuntimeClass "{name}" not found')
        overhead = (found.get("overhead") or {}).get("podFixed")
        if overhead:
            if spec.get("overhead") and spec["overhead"] != overhead:
                raise request.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
            spec["overhead"] = dict(overhead)
        scheduling = found.get("scheduling") or {}
        _merge_selector(request, scheduling.get("nodeSelector") or {})
        missing = [t for t in scheduling.get("tolerations") or () if t not in (spec.get("tolerations") or ())]
        if missing:
            spec["tolerations"] = [*(spec.get("tolerations") or ()), *missing]


def _merge_selector(request: AdmissionRequest, selector: dict[str, str]) -> None:
    spec = request.new["spec"]
    for key, value in selector.items():
        own = (spec.get("nodeSelector") or {}).get(key, value)
        if own != value:
            text = "pod rejected: conflict: runtimeClass.scheduling.nodeSelector"
            raise request.forbidden(f"{text}[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}")
    if selector:
        spec["nodeSelector"] = {**(spec.get("nodeSelector") or {}), **selector}
