"""Sentences that checks have in common: does it exist, does it run, does it have this label."""

from collections.abc import Iterator

from k8slab.apimachinery.labels import matches, parse_selector
from k8slab.apimachinery.types import Object, labels
from k8slab.client import Cluster
from k8slab.lessons.exercise import Finding, holds, missing
from k8slab.topology import pod_class, pod_status

__all__ = ["condition", "exists", "field", "image_is", "is_ready", "labelled", "say"]

_TRIED_AGAIN = ("ErrImagePull", "ImagePullBackOff")  # what a pod says for a moment after its image has been repaired


def say(ok: bool, right: str, wrong: str, look: str = "") -> Finding:
    """Return the finding that fits."""
    return holds(right) if ok else missing(wrong, look)


def exists(cluster: Cluster, thing: str) -> tuple[Finding, Object | None]:
    """Return whether ``pod/web`` exists in the lab's namespace, and the object; says so if it is in another one."""
    resource, _, name = thing.partition("/")
    obj = cluster.find(resource, name)
    if obj is not None:
        return holds(f"{thing} exists"), obj
    elsewhere = [o["metadata"]["namespace"] for o in cluster.list(resource, "") if o["metadata"]["name"] == name]
    if elsewhere:
        return missing(
            f"{thing} is in namespace {elsewhere[0]}, but it belongs into {cluster.namespace}",
            f"kubectl get {resource} -n {cluster.namespace}",
        ), None
    return missing(f"there is no {thing} in namespace {cluster.namespace}", f"kubectl get {resource}s"), None


def is_ready(pod: Object) -> Finding:
    """Return whether a pod is Ready; one that still starts may be soon."""
    name, status = pod["metadata"]["name"], pod_status(pod)
    if condition(pod, "Ready") == "True":
        return holds(f"pod/{name} is Ready")
    soon = pod_class(pod) in ("pending", "starting", "unready") or status in _TRIED_AGAIN
    return missing(f"pod/{name} is not Ready: it is {status}", f"kubectl describe pod {name}", soon=soon)


def condition(obj: Object, kind: str) -> str:
    """Return the status of a condition, "" if the object does not have it."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c["status"] for c in conditions if c["type"] == kind), "")


def image_is(container: Object, repository: str) -> Finding:
    """Return whether a container runs an image of a repository, whatever its tag, digest or spelled-out registry."""
    image = str(container.get("image", ""))
    plain = image.removeprefix("docker.io/").removeprefix("library/").partition("@")[0]
    plain = plain.rpartition(":")[0] if ":" in plain.rpartition("/")[2] else plain
    return say(
        plain == repository,
        f"container {container['name']} runs {image}",
        f"container {container['name']} runs {image}, not {repository}",
        "kubectl get pods -o custom-columns=POD:.metadata.name,IMAGES:.spec.containers[*].image",
    )


def labelled(obj: Object, selector: str) -> Finding:
    """Return whether an object's labels match a selector."""
    thing = f"{obj['kind'].lower()}/{obj['metadata']['name']}"
    return say(
        matches(parse_selector(selector), labels(obj)),
        f"{thing} has the label {selector}",
        f"{thing} does not have the label {selector}",
        f"kubectl get {obj['kind'].lower()} {obj['metadata']['name']} --show-labels",
    )


def field(obj: Object, path: str) -> Iterator[object]:
    """Yield the values at a dotted path; ``[]`` goes through a list.

    >>> list(field({"spec": {"containers": [{"name": "a"}, {"name": "b"}]}}, "spec.containers[].name"))
    ['a', 'b']
    """
    head, _, rest = path.partition(".")
    value = obj.get(head.removesuffix("[]"))
    for item in (value or []) if head.endswith("[]") else [value]:
        if not rest:
            yield item
        elif isinstance(item, dict):
            yield from field(item, rest)
