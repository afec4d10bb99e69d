"""Who wrote a pod's fields: the pod itself, or the workload from whose template it was made.

A pod's spec cannot be changed in most fields, and a controller would make the next pod from the same template again. So the
responsible object is the one whose template has the field: ``deployment/web``, ``spec.template.spec.containers[0].image``.
"""

from dataclasses import dataclass

from k8slab.apimachinery.types import Object, controller_of, namespace_of
from k8slab.explain.kinds import label_of, resource_of
from k8slab.explain.world import World

__all__ = ["Author", "author_of", "container_at", "owner_chain", "workload_author"]

_TEMPLATES = {
    "ReplicaSet": "spec.template.spec",
    "ReplicationController": "spec.template.spec",
    "Deployment": "spec.template.spec",
    "StatefulSet": "spec.template.spec",
    "DaemonSet": "spec.template.spec",
    "Job": "spec.template.spec",
    "CronJob": "spec.jobTemplate.spec.template.spec",
}


@dataclass(frozen=True)
class Author:
    """Where a pod's spec is written."""

    label: str
    prefix: str
    namespace: str
    object: Object | None = None

    def field(self, below: str) -> str:
        """Return the whole path of a field that is named below the pod's spec."""
        return f"{self.prefix}.{below}" if below else self.prefix

    @property
    def edit(self) -> str:
        """The arguments of the kubectl command that changes it."""
        kind = self.label.partition("/")[0]
        return f"edit {self.label}" if kind != "pod" else f"get {self.label} -o yaml"

    @property
    def made(self) -> bool:
        """Whether it is a template, and not the pod itself."""
        return not self.label.startswith("pod/")


def owner_chain(world: World, obj: Object) -> list[Object]:
    """Return the controllers of an object that can be seen, nearest first."""
    chain: list[Object] = []
    reference = controller_of(obj)
    while reference and reference["kind"] in _TEMPLATES and len(chain) < 4:
        owner = world.get(resource_of(reference["apiVersion"], reference["kind"]), reference["name"], namespace_of(obj))
        if owner is None:
            break
        chain.append(owner)
        reference = controller_of(owner)
    return chain


def author_of(world: World, pod: Object) -> Author:
    """Return where a pod's spec is written: its topmost controller with a template, or the pod."""
    where = namespace_of(pod)
    chain = owner_chain(world, pod)
    if chain:
        top = chain[-1]
        above = controller_of(top)
        if above:  # a custom resource such as a Rollout, or one that may not be read
            return Author(f"{above['kind'].lower()}/{above['name']}", _TEMPLATES.get(above["kind"], "spec"), where)
        return Author(label_of(top), _TEMPLATES[top["kind"]], where, top)
    reference = controller_of(pod)
    if reference:
        return Author(f"{reference['kind'].lower()}/{reference['name']}", _TEMPLATES.get(reference["kind"], "spec"), where)
    return Author(label_of(pod), "spec", where, pod)


def workload_author(world: World, workload: Object) -> Author:
    """Return where the pods of a workload are written: in itself, or in what controls it."""
    where = namespace_of(workload)
    top = [workload, *owner_chain(world, workload)][-1]
    above = controller_of(top)
    if above:
        return Author(f"{above['kind'].lower()}/{above['name']}", _TEMPLATES.get(above["kind"], "spec"), where)
    return Author(label_of(top), _TEMPLATES.get(top["kind"], "spec"), where, top)


def container_at(pod: Object, name: str) -> tuple[str, Object]:
    """Return the path below the pod's spec of a container with a name, and the container.

    >>> container_at({"spec": {"containers": [{"name": "web"}]}}, "web")
    ('containers[0]', {'name': 'web'})
    """
    for group in ("containers", "initContainers", "ephemeralContainers"):
        for i, container in enumerate(pod["spec"].get(group) or ()):
            if container["name"] == name:
                return f"{group}[{i}]", container
    return "containers", {}
