"""The kind Fault as data, and what is wrong with one.

apiVersion: sim.k8slab.dev/v1alpha1
kind: Fault
metadata: {name: worker-1-burns}
spec: {type: NodeCrash, nodes: [worker-1], durationSeconds: 120}

It is stored like a custom resource, so that it can be applied, watched, labelled and deleted as any object.
"""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import FieldError
from k8slab.sim.apiserver.resources import Resource, Subresource
from k8slab.sim.glassbox_kinds import GROUP

__all__ = ["COMPONENTS", "FAULT", "fault_errors"]

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "metrics-server", "prometheus", "dns")
_NEEDS = {  # what each type must say, and what it may say besides
    "NodeCrash": (("nodes", "zones"), ()),
    "KubeletStopped": (("nodes", "zones"), ()),
    "DiskFull": (("nodes", "zones"), ()),
    "NetworkPartition": (("between",), ()),
    "SlowNetwork": (("between",), ("latencySeconds", "loss")),
    "ComponentDown": (("component",), ("nodes",)),
    "RegistryDown": ((), ("registry",)),
    "MemoryLeak": (("target",), ("bytesPerSecond",)),
}
_ALWAYS = ("type", "durationSeconds")


def _text(description: str, **more: object) -> Object:
    return {"type": "string", "description": description, **more}


def _texts(description: str) -> Object:
    return {"type": "array", "description": description, "items": {"type": "string", "minLength": 1}}


def _number(description: str, **more: object) -> Object:
    return {"type": "number", "description": description, **more}


_SIDE: Object = {
    "type": "object",
    "description": "One side: nodes by name, by zone, or both.",
    "properties": {"nodes": _texts("Names of nodes."), "zones": _texts("Names of zones.")},
}
_TARGET: Object = {
    "type": "object",
    "description": "Which containers.",
    "required": ["namespace"],
    "properties": {
        "namespace": _text("Namespace of the pods."),
        "pod": _text("Name of one pod; default: all that the labels match."),
        "matchLabels": {
            "type": "object",
            "description": "Labels that the pods have.",
            "additionalProperties": {"type": "string"},
        },
        "container": _text("Name of the container; default: the first."),
    },
}
_SPEC: Object = {
    "type": "object",
    "description": "What breaks.",
    "required": ["type"],
    "properties": {
        "type": _text(
            "NodeCrash: the machine is off, its containers are gone. KubeletStopped: the containers go on, nobody looks after "
            "them. NetworkPartition: no packet passes between two sides; nodes cut off from the control plane's node cannot "
            "reach the API server. SlowNetwork: packets between two sides take time or are lost. ComponentDown: a component "
            "of the control plane or an add-on does not run; of several instances the leader, or those on the nodes. "
            "RegistryDown: images cannot be pulled. MemoryLeak: containers use more and more memory. DiskFull: a node reports "
            "disk pressure.",
            enum=sorted(_NEEDS),
        ),
        "nodes": _texts("Names of the nodes that are hit."),
        "zones": _texts("Zones whose nodes are hit."),
        "between": {
            "type": "array",
            "description": "The two sides of the network; only one: that side and all other nodes.",
            "minItems": 1,
            "maxItems": 2,
            "items": _SIDE,
        },
        "component": _text("The component that does not run.", enum=list(COMPONENTS)),
        "registry": _text("Host of the registry, such as docker.io; default: all of them."),
        "target": _TARGET,
        "bytesPerSecond": {
            "type": "integer",
            "description": "How much more memory per second; default 10 MiB.",
            "minimum": 1,
        },
        "latencySeconds": _number("Seconds that a packet takes one way.", minimum=0, maximum=60),
        "loss": _number("Share of packets that are lost, from 0 to 1.", minimum=0, maximum=1),
        "durationSeconds": _number(
            "After so many seconds of the cluster's clock the fault heals by itself; without it, when the object is deleted.",
            minimum=0.001,
            maximum=366 * 86400,
        ),
    },
}
_STATUS: Object = {
    "type": "object",
    "description": "What has come of it.",
    "properties": {
        "phase": _text("Active or Healed."),
        "since": _text("When it began.", format="date-time"),
        "until": _text("When it will heal, or has healed.", format="date-time"),
        "affected": _texts("What is hit."),
        "observedGeneration": {"type": "integer", "description": "The generation of the spec that this is about."},
    },
}


def _column(name: str, path: str, type: str = "string", priority: int = 0) -> Object:
    return {"name": name, "type": type, "jsonPath": path, "priority": priority}


FAULT = Resource(
    GROUP, "v1alpha1", "Fault", "faults", "fault", namespaced=False,
    subresources=(Subresource("status", "Fault", GROUP, "v1alpha1", ("get", "patch", "update")),),
    printer_columns=(
        _column("Type", ".spec.type"), _column("Affected", ".status.affected"), _column("Phase", ".status.phase"),
        _column("Until", ".status.until"), _column("Age", ".metadata.creationTimestamp", "date"),
    ),
    schema={"type": "object", "description": "Fault is something that is broken for as long as the object exists.",
            "required": ["spec"], "properties": {"spec": _SPEC, "status": _STATUS}},
)  # fmt: skip


def fault_errors(fault: Object) -> list[FieldError]:
    """Return what the schema cannot say: which fields go with which type.

    >>> [str(e) for e in fault_errors({"spec": {"type": "NodeCrash"}})]
    ['spec.nodes: Required value: NodeCrash needs nodes or zones']
    """
    spec = fault.get("spec")
    if not isinstance(spec, dict) or spec.get("type") not in _NEEDS:
        return []
    kind = spec["type"]
    needed, optional = _NEEDS[kind]
    errors = [
        FieldError("FieldValueForbidden", f"spec.{field}", f"does not go with {kind}")
        for field in spec
        if field not in (*needed, *optional, *_ALWAYS)
    ]
    if needed and not any(spec.get(field) for field in needed):
        errors.append(FieldError("FieldValueRequired", f"spec.{needed[0]}", f"{kind} needs {' or '.join(needed)}"))
    for number, side in enumerate(spec.get("between") or ()):
        if isinstance(side, dict) and not side.get("nodes") and not side.get("zones"):
            errors.append(FieldError("FieldValueRequired", f"spec.between[{number}].nodes", "a side needs nodes or zones"))
    if kind == "SlowNetwork" and not spec.get("latencySeconds") and not spec.get("loss"):
        errors.append(FieldError("FieldValueRequired", "spec.latencySeconds", "SlowNetwork needs latencySeconds or loss"))
    return errors
