"""The kinds of ``sim.k8slab.dev/v1alpha1`` as data: their names, columns and schemas, as a CustomResourceDefinition has them."""

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.resources import Resource, Subresource

__all__ = ["API", "CLOCK", "GROUP", "RESOURCES", "TRACE"]

GROUP = "sim.k8slab.dev"
_VERSION = "v1alpha1"
API = f"{GROUP}/{_VERSION}"
_ADVANCE = Subresource("advance", "ClockAdvance", GROUP, _VERSION, ("create",))


def _text(description: str, **more: object) -> Object:
    return {"type": "string", "description": description, **more}


def _number(description: str, **more: object) -> Object:
    return {"type": "number", "description": description, **more}


def _object(description: str, properties: Object) -> Object:
    return {"type": "object", "description": description, "properties": properties}


_MODES = ["accelerated", "real", "stepped"]
_CLOCK_SCHEMA = _object(
    'Clock is the one clock of the embedded cluster; there is one, named "cluster". Every delay, back-off, lease, probe and '
    "timestamp of the cluster follows it.",
    {
        "spec": _object(
            "How time is to pass.",
            {
                "mode": _text(
                    "real: a second is a second. accelerated: so many simulated seconds pass in one as rate says. stepped: time "
                    "stands still until somebody posts a ClockAdvance to clocks/cluster/advance.",
                    enum=_MODES,
                ),
                "rate": _number(
                    "Simulated seconds per real second; only the accelerated mode uses it.", minimum=0, maximum=100000
                ),
            },
        ),
        "status": _object(
            "How time passes.",
            {
                "mode": _text("The mode."),
                "rate": _number("Simulated seconds per real second: 1 if real, 0 if stepped."),
                "now": _text("The simulated time.", format="date-time"),
                "nextEvent": _text("When the next thing is due that waits for the clock.", format="date-time"),
            },
        ),
    },
)
_VERDICTS: Object = {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
_TRACE_SCHEMA = _object(
    "SchedulingTrace is what the scheduler saw and decided in its latest cycle for a Pod; it has the Pod's name.",
    {
        "spec": _object(
            "Which Pod.",
            {"podUID": _text("The Pod's uid."), "schedulerName": _text("The profile of the scheduler.")},
        ),
        "status": _object(
            "The cycle.",
            {
                "attempt": {"type": "integer", "description": "Which attempt for this Pod it was, from 1."},
                "startTime": _text("When the cycle began.", format="date-time"),
                "result": _text("How it ended."),
                "message": _text("Why, as the FailedScheduling event says it."),
                "node": _text("The node that was chosen."),
                "nodesTotal": {"type": "integer", "description": "Nodes in the cluster."},
                "nodesEvaluated": {"type": "integer", "description": "Nodes that the filters looked at."},
                "nodesFeasible": {"type": "integer", "description": "Nodes that passed every filter."},
                "preFilter": {"type": "object", "description": "The verdict of PreFilter, if it ended the cycle.",
                              "x-kubernetes-preserve-unknown-fields": True},
                "skipped": {"type": "object", "description": "Plugins that had nothing to say about this Pod.",
                            "x-kubernetes-preserve-unknown-fields": True},
                "nodes": {**_VERDICTS, "description": "Per node: each filter's verdict, each plugin's score, the total."},
                "preemption": {"type": "object", "description": "Whom preemption would have removed where.",
                               "x-kubernetes-preserve-unknown-fields": True},
                "earlier": {**_VERDICTS, "description": "How earlier attempts for the same Pod ended."},
            },
        ),
    },
)  # fmt: skip


def _column(name: str, type: str, path: str, priority: int = 0) -> Object:
    return {"name": name, "type": type, "jsonPath": path, "priority": priority}


CLOCK = Resource(
    GROUP,
    _VERSION,
    "Clock",
    "clocks",
    "clock",
    namespaced=False,
    verbs=("get", "list", "patch", "update"),
    subresources=(_ADVANCE,),
    printer_columns=(
        _column("Mode", "string", ".status.mode"),
        _column("Rate", "number", ".status.rate"),
        _column("Now", "string", ".status.now"),
        _column("Next Event", "string", ".status.nextEvent", 1),
    ),
    schema=_CLOCK_SCHEMA,
)
TRACE = Resource(
    GROUP,
    _VERSION,
    "SchedulingTrace",
    "schedulingtraces",
    "schedulingtrace",
    namespaced=True,
    short_names=("strace",),
    verbs=("get", "list", "watch"),
    printer_columns=(
        _column("Node", "string", ".status.node"),
        _column("Result", "string", ".status.result"),
        _column("Message", "string", ".status.message"),
        _column("Attempt", "integer", ".status.attempt", 1),
        _column("Age", "date", ".metadata.creationTimestamp"),
    ),
    schema=_TRACE_SCHEMA,
)
RESOURCES = (CLOCK, TRACE)
