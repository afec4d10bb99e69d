"""``loadruns`` of the glass box, ``sim.k8slab.dev/v1alpha1``: the kind as data (stored like any other; see `load_generator`)."""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.resources import Resource, Subresource

__all__ = ["LOAD_RUN"]

_GROUP, _VERSION = "sim.k8slab.dev", "v1alpha1"
_DISTRIBUTION: Object = {"type": "string", "enum": ["exponential", "constant"], "default": "exponential"}


def _number(description: str, **more: object) -> Object:
    return {"type": "number", "minimum": 0, "description": description, **more}


_STAGE: Object = {
    "type": "object",
    "required": ["durationSeconds", "target"],
    "properties": {
        "durationSeconds": _number("How long."),
        "target": _number("Requests per second (open) or users (closed) at the end of the stage.", maximum=20000),
        "from": _number(
            "The same at its beginning; it changes evenly. Without it the whole stage has the target.", maximum=20000
        ),
    },
}
_SPEC: Object = {
    "type": "object",
    "required": ["url", "stages"],
    "properties": {
        "url": {"type": "string", "pattern": "^https?://", "description": "Where the requests go."},
        "method": {"type": "string", "default": "GET"},
        "body": {"type": "string"},
        "mode": {"type": "string", "enum": ["open", "closed"], "default": "open",
                 "description": "open: requests come at a rate, whatever happens. closed: users who wait for their answer."},
        "arrivals": {**_DISTRIBUTION, "description": "How the times between two requests of an open run are distributed."},
        "thinkTimeSeconds": _number("Pause of a user after an answer.", default=1),
        "thinkTime": {**_DISTRIBUTION, "description": "How the pauses are distributed."},
        "timeoutSeconds": _number("When a client gives up.", default=5),
        "intervalSeconds": _number("Length of an entry of status.series.", default=5),
        "source": {"type": "object", "description": "Who asks: a pod of the namespace, or a node (the first one if not given).",
                   "properties": {"pod": {"type": "string"}, "node": {"type": "string"}}},
        "stages": {"type": "array", "minItems": 1, "maxItems": 100, "items": _STAGE},
    },
}  # fmt: skip
_SPEC["properties"]["intervalSeconds"]["minimum"] = 0.1


def _column(name: str, type: str, path: str) -> Object:
    return {"name": name, "type": type, "jsonPath": path}


LOAD_RUN = Resource(
    _GROUP, _VERSION, "LoadRun", "loadruns", "loadrun", namespaced=True,
    subresources=(Subresource("status", "LoadRun", _GROUP, _VERSION, ("get", "patch", "update")),),
    printer_columns=(
        _column("Phase", "string", ".status.phase"), _column("Requests", "integer", ".status.requests"),
        _column("Failed", "integer", ".status.failed"), _column("P50", "number", ".status.latencySeconds.p50"),
        _column("P90", "number", ".status.latencySeconds.p90"), _column("P99", "number", ".status.latencySeconds.p99"),
        _column("Age", "date", ".metadata.creationTimestamp"),
    ),
    schema={
        "type": "object",
        "description": "LoadRun sends requests through the data plane and tells what became of them.",
        "required": ["spec"],
        "properties": {"spec": _SPEC, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    },
)  # fmt: skip
