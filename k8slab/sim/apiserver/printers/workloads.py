"""Rows of what makes pods and keeps them: Deployments, ReplicaSets, StatefulSets, DaemonSets, and their revisions.

Upstream: pkg/printers/internalversion/printers.go.
"""

from typing import Any

from k8slab.apimachinery.types import Object, controller_of
from k8slab.sim.apiserver.printers.cells import NONE, age, containers, images, label_selector, labels, spec_of, status_of
from k8slab.sim.apiserver.printers.columns import AGE, CONTAINERS, IMAGES, NAME, POD_SELECTOR, column, printer

__all__: list[str] = []


def _replica_columns(api: str, kind: str) -> tuple[Any, ...]:
    return (
        NAME,
        column("Desired", (f"{api}.{kind}Spec", "replicas"), "integer"),
        column("Current", (f"{api}.{kind}Status", "replicas"), "integer"),
        column("Ready", (f"{api}.{kind}Status", "readyReplicas"), "integer"),
        AGE,
        CONTAINERS,
        IMAGES,
        POD_SELECTOR(f"{api}.{kind}Spec"),
    )


def _replica_cells(obj: Object, now: float, selector: str) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    template = spec.get("template")
    return [
        obj["metadata"]["name"],
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(obj, now),
        containers(template),
        images(template),
        selector,
    ]


@printer("", "ReplicationController", _replica_columns("core.v1", "ReplicationController"))
def _replication_controller(obj: Object, now: float) -> list[Any]:
    return _replica_cells(obj, now, labels(spec_of(obj).get("selector")))


@printer("apps", "ReplicaSet", _replica_columns("apps.v1", "ReplicaSet"))
def _replica_set(obj: Object, now: float) -> list[Any]:
    return _replica_cells(obj, now, label_selector(spec_of(obj).get("selector")))


@printer(
    "apps",
    "Deployment",
    (
        NAME,
        column("Ready", "Number of the pod with ready state"),
        column("Up-to-date", ("apps.v1.DeploymentStatus", "updatedReplicas")),
        column("Available", ("apps.v1.DeploymentStatus", "availableReplicas")),
        AGE,
        CONTAINERS,
        IMAGES,
        POD_SELECTOR("apps.v1.DeploymentSpec"),
    ),
)
def _deployment(obj: Object, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    selector = label_selector(spec.get("selector"))
    return [
        obj["metadata"]["name"],
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj, now),
        containers(spec.get("template")),
        images(spec.get("template")),
        "" if selector == NONE else selector,
    ]


@printer("apps", "StatefulSet", (NAME, column("Ready", "Number of the pod with ready state"), AGE, CONTAINERS, IMAGES))
def _stateful_set(obj: Object, now: float) -> list[Any]:
    spec = spec_of(obj)
    ready = f"{status_of(obj).get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [obj["metadata"]["name"], ready, age(obj, now), containers(spec.get("template")), images(spec.get("template"))]


_DAEMON_COUNTS = (
    ("Desired", "desiredNumberScheduled"),
    ("Current", "currentNumberScheduled"),
    ("Ready", "numberReady"),
    ("Up-to-date", "updatedNumberScheduled"),
    ("Available", "numberAvailable"),
)


@printer(
    "apps",
    "DaemonSet",
    (
        NAME,
        *(column(name, ("apps.v1.DaemonSetStatus", field), "integer") for name, field in _DAEMON_COUNTS),
        column("Node Selector", ("core.v1.PodSpec", "nodeSelector")),
        AGE,
        CONTAINERS,
        IMAGES,
        POD_SELECTOR("apps.v1.DaemonSetSpec"),
    ),
)
def _daemon_set(obj: Object, now: float) -> list[Any]:
    spec, status = spec_of(obj), status_of(obj)
    template = spec.get("template") or {}
    return [
        obj["metadata"]["name"],
        *(status.get(field, 0) for _, field in _DAEMON_COUNTS),
        labels(spec_of(template).get("nodeSelector")),
        age(obj, now),
        containers(template),
        images(template),
        label_selector(spec.get("selector")),
    ]


@printer(
    "apps",
    "ControllerRevision",
    (
        NAME,
        column("Controller", "Controller of the object"),
        column("Revision", ("apps.v1.ControllerRevision", "revision")),
        AGE,
    ),
)
def _controller_revision(obj: Object, now: float) -> list[Any]:
    owner = controller_of(obj)
    controller = NONE
    if owner:
        group = owner["apiVersion"].rpartition("/")[0]
        controller = f"{owner['kind']}{'.' + group if group else ''}".lower() + f"/{owner['name']}"
    return [obj["metadata"]["name"], controller, obj.get("revision", 0), age(obj, now)]


@printer(
    "",
    "PodTemplate",
    (
        NAME,
        column("Containers", "Names of each container in the template."),
        column("Images", "Images referenced by each container in the template."),
        column("Pod Labels", "The labels for the pod template."),
    ),
)
def _pod_template(obj: Object, now: float) -> list[Any]:
    template = obj.get("template") or {}
    return [
        obj["metadata"]["name"],
        containers(template),
        images(template),
        labels((template.get("metadata") or {}).get("labels")),
    ]
