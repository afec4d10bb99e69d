"""LimitRanger: defaults and bounds for what containers, pods and claims ask for.

Upstream: plugin/pkg/admission/limitranger.
"""

from collections.abc import Iterator

from k8slab.apimachinery.podresources import Amounts, container_amounts, pod_amounts
from k8slab.apimachinery.quantity import format_quantity, parse_quantity
from k8slab.apimachinery.quota import amounts_of, format_amount
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.admission.indexes import ByNamespace
from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.client import Client

__all__ = ["LimitRanger", "set_defaults", "violations"]

_ANNOTATION = "kubernetes.io/limit-ranger"


class LimitRanger(Plugin):
    """Applies the LimitRanges of the namespace."""

    def __init__(self, client: Client) -> None:
        self._limit_ranges = ByNamespace(client, "limitranges")

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """New pods; claims whenever written."""
        if subresource or operation not in ("CREATE", "UPDATE"):
            return False
        return resource == "persistentvolumeclaims" or (resource == "pods" and operation == "CREATE")

    def admit(self, request: AdmissionRequest) -> None:
        """Give containers the default requests and limits."""
        if request.resource.full_name == "pods":
            for limit_range in self._limit_ranges[request.namespace]:
                set_defaults(limit_range, request.new)

    def validate(self, request: AdmissionRequest) -> None:
        """Refuse what is out of bounds."""
        for limit_range in self._limit_ranges[request.namespace]:
            found = list(violations(limit_range, request.resource.full_name, request.new))
            if found:
                raise request.forbidden(found[0] if len(found) == 1 else f"[{', '.join(found)}]")


def set_defaults(limit_range: Object, pod: Object) -> None:
    """Fill in a pod's missing requests and limits, and note it in an annotation."""
    items = [item for item in (limit_range.get("spec") or {}).get("limits") or () if item.get("type") == "Container"]
    requests = {name: text for item in items for name, text in (item.get("defaultRequest") or {}).items()}
    limits = {name: text for item in items for name, text in (item.get("default") or {}).items()}
    notes: list[str] = []
    for kind, key in (("container", "containers"), ("init container", "initContainers")):
        for container in pod["spec"].get(key) or ():
            resources = dict(container.get("resources") or {})
            for side, defaults in (("requests", requests), ("limits", limits)):
                absent = {name: text for name, text in defaults.items() if name not in (resources.get(side) or {})}
                if absent:
                    resources[side] = {**(resources.get(side) or {}), **absent}
                    notes.append(f"{', '.join(sorted(absent))} {side[:-1]} for {kind} {container['name']}")
            container["resources"] = resources
    if notes:
        meta = pod["metadata"]
        text = f"LimitRanger plugin set: {'; '.join(notes)}"
        meta["annotations"] = {**(meta.get("annotations") or {}), _ANNOTATION: text}


def violations(limit_range: Object, resource: str, obj: Object) -> Iterator[str]:
    """Yield what an object breaks of a LimitRange, in upstream's words."""
    for item in (limit_range.get("spec") or {}).get("limits") or ():
        kind = item.get("type")
        if resource == "persistentvolumeclaims" and kind == "PersistentVolumeClaim":
            yield from _claim_violations(item, obj)
        elif resource == "pods" and kind == "Container":
            for container in [*(obj["spec"].get("containers") or ()), *(obj["spec"].get("initContainers") or ())]:
                requests, limits = container_amounts(container, "requests"), container_amounts(container, "limits")
                yield from _bounds(item, "Container", requests, limits)
        elif resource == "pods" and kind == "Pod":
            yield from _bounds(item, "Pod", pod_amounts(obj["spec"], "requests"), pod_amounts(obj["spec"], "limits"))


def _bounds(item: Object, kind: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, text in sorted((item.get("min") or {}).items()):
        yield from _below(f"minimum {name} usage per {kind} is {text}", name, text, requests, limits)
    for name, text in sorted((item.get("max") or {}).items()):
        yield from _above(f"maximum {name} usage per {kind} is {text}", name, text, requests, limits)
    for name, text in sorted((item.get("maxLimitRequestRatio") or {}).items()):
        yield from _ratio(f"{name} max limit to request ratio per {kind} is {text}, but", name, text, requests, limits)


def _below(start: str, name: str, text: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    bound = parse_quantity(text)
    if name not in requests:
        yield f"{start}.  No request is specified"
    elif requests[name] < bound:
        yield f"{start}, but request is {format_amount(name, requests[name])}"
    elif name in limits and limits[name] < bound:
        yield f"{start}, but limit is {format_amount(name, limits[name])}"


def _above(start: str, name: str, text: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    bound = parse_quantity(text)
    if name not in limits:
        yield f"{start}.  No limit is specified"
    elif limits[name] > bound:
        yield f"{start}, but limit is {format_amount(name, limits[name])}"
    elif name in requests and requests[name] > bound:
        yield f"{start}, but request is {format_amount(name, requests[name])}"


def _ratio(start: str, name: str, text: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    if not requests.get(name):
        yield f"{start} no request is specified or request is 0"
    elif not limits.get(name):
        yield f"{start} no limit is specified or limit is 0"
    elif limits[name] / requests[name] > parse_quantity(text):
        yield f"{start} provided ratio is {float(limits[name] / requests[name]):f}"


def _claim_violations(item: Object, claim: Object) -> Iterator[str]:
    requests = amounts_of((claim["spec"].get("resources") or {}).get("requests"))
    for side, word, beyond in (("min", "minimum", -1), ("max", "maximum", 1)):
        for name, text in sorted((item.get(side) or {}).items()):
            start = f"{word} {name} usage per PersistentVolumeClaim is {text}"
            if name not in requests:
                yield f"{start}.  No request is specified"
            elif (requests[name] - parse_quantity(text)) * beyond > 0:
                yield f"{start}, but request is {format_quantity(requests[name], binary=True)}"
