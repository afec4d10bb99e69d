"""Rows of the cluster itself: nodes, namespaces, events, leases, quotas, priorities, devices, aggregated APIs.

Upstream: pkg/printers/internalversion/printers.go; of APIService k8s.io/kube-aggregator/pkg/registry/apiservice/etcd.
"""

from typing import Any

from k8slab.apimachinery.types import Object
from k8slab.apimachinery.types import labels as labels_of
from k8slab.sim.apiserver.printers.cells import NONE, UNKNOWN, age, condition, since, spec_of, status_of
from k8slab.sim.apiserver.printers.columns import AGE, NAME, column, printer

__all__: list[str] = []

_ROLE_PREFIX, _ROLE_LABEL = "node-role.kubernetes.io/", "kubernetes.io/role"
_INFO = "core.v1.NodeSystemInfo"


@printer(
    "",
    "Node",
    (
        NAME,
        column("Status", "The status of the node"),
        column("Roles", "The roles of the node"),
        AGE,
        column("Version", (_INFO, "kubeletVersion")),
        column("Internal-IP", ("core.v1.NodeStatus", "addresses"), wide=True),
        column("External-IP", ("core.v1.NodeStatus", "addresses"), wide=True),
        column("OS-Image", (_INFO, "osImage"), wide=True),
        column("Kernel-Version", (_INFO, "kernelVersion"), wide=True),
        column("Container-Runtime", (_INFO, "containerRuntimeVersion"), wide=True),
    ),
)
def _node(obj: Object, now: float) -> list[Any]:
    info = status_of(obj).get("nodeInfo") or {}
    return [
        obj["metadata"]["name"],
        _node_status(obj),
        ",".join(sorted(_roles(obj))) or NONE,
        age(obj, now),
        info.get("kubeletVersion", ""),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        *(info.get(field) or UNKNOWN for field in ("osImage", "kernelVersion", "containerRuntimeVersion")),
    ]


def _node_status(node: Object) -> str:
    ready = condition(node, "Ready")
    text = "Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    return f"{text},SchedulingDisabled" if spec_of(node).get("unschedulable") else text


def _roles(node: Object) -> set[str]:
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels_of(node) if key.startswith(_ROLE_PREFIX)}
    return (roles | {labels_of(node).get(_ROLE_LABEL, "")}) - {""}


def _address(node: Object, type: str) -> str:
    addresses = status_of(node).get("addresses") or ()
    return next((address["address"] for address in addresses if address["type"] == type), NONE)


@printer("", "Namespace", (NAME, column("Status", "The status of the namespace"), AGE))
def _namespace(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], status_of(obj).get("phase", ""), age(obj, now)]


_EVENT = "core.v1.Event"


@printer(
    "",
    "Event",
    (
        column("Last Seen", (_EVENT, "lastTimestamp")),
        column("Type", (_EVENT, "type")),
        column("Reason", (_EVENT, "reason")),
        column("Object", (_EVENT, "involvedObject")),
        column("Subobject", ("core.v1.ObjectReference", "fieldPath"), wide=True),
        column("Source", (_EVENT, "source"), wide=True),
        column("Message", (_EVENT, "message")),
        column("First Seen", (_EVENT, "firstTimestamp"), wide=True),
        column("Count", (_EVENT, "count"), wide=True),
        column("Name", ("meta.v1.ObjectMeta", "name"), format="name", wide=True),
    ),
)
def _event(obj: Object, now: float) -> list[Any]:
    target, series = obj.get("involvedObject") or {}, obj.get("series")
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = series.get("lastObservedTime") if series else obj.get("lastTimestamp") or first
    count = series.get("count", 0) if series else obj.get("count") or 1
    kind = target.get("kind", "").lower()
    return [
        since(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{kind}/{target['name']}" if target.get("name") else kind,
        target.get("fieldPath", ""),
        _source(obj),
        obj.get("message", "").strip(),
        since(first, now),
        count,
        obj["metadata"]["name"],
    ]


def _source(event: Object) -> str:
    source = event.get("source") or {}
    component = source.get("component") or event.get("reportingComponent") or ""
    instance = source.get("host") or event.get("reportingInstance") or ""
    return f"{component}, {instance}" if instance else component


@printer(
    "",
    "ComponentStatus",
    (
        NAME,
        column("Status", "Status of the component conditions"),
        column("Message", "Message of the component conditions"),
        column("Error", "Error of the component conditions"),
    ),
)
def _component_status(obj: Object, now: float) -> list[Any]:
    healthy = next((c for c in obj.get("conditions") or () if c["type"] == "Healthy"), None)
    if healthy is None:
        return [obj["metadata"]["name"], "Unknown", "", ""]
    status = "Healthy" if healthy["status"] == "True" else "Unhealthy"
    return [obj["metadata"]["name"], status, healthy.get("message", ""), healthy.get("error", "")]


@printer("coordination.k8s.io", "Lease", (NAME, column("Holder", ("coordination.v1.LeaseSpec", "holderIdentity")), AGE))
def _lease(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], spec_of(obj).get("holderIdentity") or "", age(obj, now)]


@printer(
    "",
    "ResourceQuota",
    (
        NAME,
        column("Request", "Request represents a minimum amount of cpu/memory that a container may consume."),
        column(
            "Limit",
            "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
        ),
        AGE,
    ),
)
def _quota(obj: Object, now: float) -> list[Any]:
    hard, used = status_of(obj).get("hard") or {}, status_of(obj).get("used") or {}
    parts = {name: f"{name}: {used.get(name, '0')}/{hard[name]}" for name in sorted(hard)}
    requests = ", ".join(text for name, text in parts.items() if not name.startswith("limits."))
    limits = ", ".join(text for name, text in parts.items() if name.startswith("limits."))
    return [obj["metadata"]["name"], requests, limits, age(obj, now)]


@printer("node.k8s.io", "RuntimeClass", (NAME, column("Handler", ("node.v1.RuntimeClass", "handler")), AGE))
def _runtime_class(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], obj.get("handler", ""), age(obj, now)]


@printer(
    "storagemigration.k8s.io",
    "StorageVersionMigration",
    (column("Name", ("meta.v1.ObjectMeta", "name")), column("Resource", "Fully qualified resource to migrate")),
)
def _storage_migration(obj: Object, now: float) -> list[Any]:
    resource = spec_of(obj).get("resource") or {}
    return [obj["metadata"]["name"], ".".join(resource.get(part, "") for part in ("resource", "version", "group"))]


_SLICE_SPEC = "resource.v1.ResourceSliceSpec"


@printer("resource.k8s.io", "DeviceClass", (NAME, AGE))
@printer("resource.k8s.io", "ResourceClaimTemplate", (NAME, AGE))
def _name_and_age(obj: Object, now: float) -> list[Any]:
    return [obj["metadata"]["name"], age(obj, now)]


@printer(
    "resource.k8s.io",
    "ResourceSlice",
    (
        NAME,
        column("Node", (_SLICE_SPEC, "nodeName")),
        column("Driver", (_SLICE_SPEC, "driver")),
        column("Pool", ("resource.v1.ResourcePool", "name")),
        AGE,
    ),
)
def _resource_slice(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    pool = (spec.get("pool") or {}).get("name", "")
    return [obj["metadata"]["name"], spec.get("nodeName") or "", spec.get("driver", ""), pool, age(obj, now)]


_PRIORITY = "scheduling.v1.PriorityClass"


@printer(
    "scheduling.k8s.io",
    "PriorityClass",
    (
        NAME,
        column("Value", (_PRIORITY, "value"), "integer"),
        column("Global-Default", (_PRIORITY, "globalDefault"), "boolean"),
        AGE,
        column("PreemptionPolicy", (_PRIORITY, "preemptionPolicy")),
    ),
)
def _priority_class(obj: Object, now: float) -> list[Any]:
    default = bool(obj.get("globalDefault"))
    return [obj["metadata"]["name"], obj.get("value", 0), default, age(obj, now), obj.get("preemptionPolicy") or ""]


@printer(
    "resource.k8s.io",
    "ResourceClaim",
    (NAME, column("State", "A summary of the current state (allocated, pending, reserved, etc.)."), AGE),
)
def _resource_claim(obj: Object, now: float) -> list[Any]:
    status, deleted = status_of(obj), bool(obj["metadata"].get("deletionTimestamp"))
    states = ["deleted"] if deleted else []
    if status.get("allocation"):
        states += ["allocated", "reserved"] if status.get("reservedFor") else ["allocated"]
    elif not deleted:
        states.append("pending")
    return [obj["metadata"]["name"], ",".join(states), age(obj, now)]


def _available(obj: Object) -> str:
    found = condition(obj, "Available")
    if found is None:
        return "Unknown"
    reason = found.get("reason") if found["status"] != "True" else ""
    return f"{found['status']} ({reason})" if reason else str(found["status"])


@printer(
    "apiregistration.k8s.io",
    "APIService",
    (
        NAME,
        column("Service", "The reference to the service that hosts this API endpoint."),
        column("Available", "Whether this service is available."),
        AGE,
    ),
)
def _api_service(obj: Object, now: float) -> list[Any]:
    service = spec_of(obj).get("service")
    where = f"{service.get('namespace', '')}/{service.get('name', '')}" if service else "Local"
    return [obj["metadata"]["name"], where, _available(obj), age(obj, now)]
