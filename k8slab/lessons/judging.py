"""Sentences that checks have in common: does it exist, does it run, does it have this label."""

import re
from collections.abc import Iterator

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.labels import matches, parse_selector
from k8slab.apimachinery.types import Object, labels
from k8slab.client import Cluster
from k8slab.lessons.exercise import Finding, holds, missing
from k8slab.topology import pod_class, pod_status

__all__ = ["all_current", "all_ready", "chosen_freely", "condition", "exists", "field", "first_container", "image_is", "is_ready",
           "labelled", "pod_spec", "rolled_out", "say", "times"]  # fmt: skip

_OF_A_LAB = re.compile(r"lab-\d\d")
_TRIED_AGAIN = ("ErrImagePull", "ImagePullBackOff", "CreateContainerConfigError")  # what a pod says for a moment after the repair


def say(ok: bool, right: str, wrong: str, look: str = "") -> Finding:
    """Return the finding that fits."""
    return holds(right) if ok else missing(wrong, look)


def times(count: int) -> str:
    """Return how often something happened, in words.

    >>> times(1), times(3)
    ('once', '3 times')
    """
    return "once" if count == 1 else f"{count} times"


def exists(cluster: Cluster, thing: str) -> tuple[Finding, Object | None]:
    """Return whether ``pod/web`` exists in the lab's namespace, and the object; says so if it is in another one."""
    resource, _, name = thing.partition("/")
    obj = cluster.find(resource, name)
    if obj is not None:
        return holds(f"{thing} exists"), obj
    there = (o["metadata"].get("namespace", "") for o in _everywhere(cluster, resource) if o["metadata"]["name"] == name)
    elsewhere = [namespace for namespace in there if not _OF_A_LAB.match(namespace)]  # other labs have a web, too
    if elsewhere:
        return missing(
            f"{thing} is in namespace {elsewhere[0]}, but it belongs in {cluster.namespace}",
            f"kubectl get {resource} -n {cluster.namespace}",
        ), None
    return missing(f"there is no {thing} in namespace {cluster.namespace}", f"kubectl get {resource}s"), None


def _everywhere(cluster: Cluster, resource: str) -> list[Object]:
    """Return the objects of all namespaces; none for somebody who may not look into others."""
    try:
        return cluster.list(resource, "")
    except ApiException as error:
        if error.status != 403:
            raise
        return []


def is_ready(pod: Object) -> Finding:
    """Return whether a pod is Ready; one that still starts may be soon."""
    name, status = pod["metadata"]["name"], pod_status(pod)
    if condition(pod, "Ready") == "True":
        return holds(f"pod/{name} is Ready")
    soon = pod_class(pod) in ("pending", "starting", "unready") or status in _TRIED_AGAIN
    return missing(f"pod/{name} is not Ready: it is {status}", f"kubectl describe pod {name}", soon=soon)


def chosen_freely(pod: Object) -> Finding:
    """Return whether the scheduler chose the node; a pod that names its node itself is never scheduled."""
    scheduled = any(c["type"] == "PodScheduled" for c in (pod.get("status") or {}).get("conditions") or ())
    fields = {
        path
        for entry in pod["metadata"].get("managedFields") or ()
        if "f:nodeName" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for path in ("spec.nodeName",)
    }
    waits = not pod["spec"].get("nodeName")
    return say(
        (scheduled or waits) and not fields,
        "the scheduler is to choose its node" if waits else "the scheduler chose its node",
        "its node is written into its YAML (spec.nodeName): nobody looked whether it fits there",
        f"kubectl get pod {pod['metadata']['name']} -o yaml",
    )


def all_ready(deployment: Object, count: int) -> Iterator[Finding]:
    """Yield whether a Deployment wants so many pods, and whether all of them are ready."""
    name, wanted = deployment["metadata"]["name"], deployment["spec"]["replicas"]
    yield say(
        wanted == count,
        f"it wants {wanted} pod{'s' * (wanted != 1)}",
        f"it wants {wanted} pod{'s' * (wanted != 1)}, not {count}",
        f"kubectl get deployment {name}",
    )
    yield rolled_out(deployment)


def rolled_out(deployment: Object) -> Finding:
    """Return whether all pods that a Deployment wants are ready and of its latest template, and no older ones are left."""
    name, wanted = deployment["metadata"]["name"], deployment["spec"]["replicas"]
    status = deployment.get("status") or {}
    if status.get("observedGeneration") != deployment["metadata"].get("generation"):
        return missing("its controller has not seen the latest change yet", f"kubectl get deployment {name}", soon=True)
    ready, updated = status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if all_current(deployment):
        return holds(f"{ready} pod{'s are' if ready != 1 else ' is'} ready")
    older = status.get("replicas", 0) - updated
    left = f"; {older} of an older template {'are' if older > 1 else 'is'} still there" if older > 0 else ""
    return missing(f"{ready} of {wanted} pods are ready{left}", "kubectl get pods -o wide", soon=True)


def all_current(deployment: Object) -> bool:
    """Whether a rollout has come to its end, as ``kubectl rollout status`` means it: all pods new and available."""
    status = deployment.get("status") or {}
    counts = {status.get(field, 0) for field in ("replicas", "updatedReplicas", "availableReplicas")}
    seen = status.get("observedGeneration") == deployment["metadata"].get("generation")
    return seen and counts == {deployment["spec"]["replicas"]}


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


def pod_spec(owner: Object) -> Object:
    """Return the spec of the pods that a workload makes."""
    spec: Object = owner["spec"]["template"]["spec"]
    return spec


def first_container(spec: Object) -> Object:
    """Return the first container of a pod's spec."""
    container: Object = spec["containers"][0]
    return container


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
