"""Fetching what a diagnoser needs, with the official client: the only I/O of `k8slab.explain`.

A refusal (403) is not an error here: it becomes a gap in the snapshot, in words. Where all namespaces may not be listed, the
one in question is.
"""

from kubernetes.client import ApiException

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, sentence
from k8slab.client.resources import Resource
from k8slab.errors import K8slabError
from k8slab.explain.snapshot import Key, Listing

__all__ = ["fetch"]

_LINES = 8
_REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


def fetch(cluster: Cluster, key: Key, namespace: str = "") -> Listing:
    """Return what a key stands for.

    Parameters
    ----------
    cluster
        Where.
    key
        What.
    namespace
        The one that the question is about, for those who may not list all.
    """
    if key.resource == "log":
        return _log(cluster, key)
    if key.resource == "self":
        return _self(cluster)
    try:
        resource = cluster.resource(key.resource)
    except K8slabError:
        return Listing(served=False)
    try:
        return _listing(cluster, resource, key)
    except ApiException as error:
        gap = _gap(key, error)
        if error.status != 403 or key.namespace or not resource.namespaced or not namespace:
            return Listing(gap=gap)
    try:
        narrow = _listing(cluster, resource, key._replace(namespace=namespace))
        return Listing(narrow.objects, f"{gap}; only namespace {namespace} was looked at")
    except ApiException:
        return Listing(gap=gap)


def _listing(cluster: Cluster, resource: Resource, key: Key) -> Listing:
    known = {"apiVersion": resource.api_version, "kind": resource.kind}
    if key.name and key.resource != "events":
        try:
            found: Object = cluster.request("GET", resource.path(key.namespace, key.name))
        except ApiException as error:
            if error.status == 404:
                return Listing()
            raise
        return Listing(({**known, **found},))
    query = {"fieldSelector": f"involvedObject.name={key.name}"} if key.name else {}
    answer = cluster.request("GET", resource.path(key.namespace), query)
    return Listing(tuple({**known, **item} for item in answer["items"]))


def _gap(key: Key, error: ApiException) -> str:
    verb = "get" if key.name and key.resource != "events" else "list"
    if error.status == 403:
        return f"you may not {verb} {key}"
    return f"{key} could not be read ({sentence(error)})"


def _log(cluster: Cluster, key: Key) -> Listing:
    pod, container, *previous = key.name.split("/")
    path = f"/api/v1/namespaces/{key.namespace}/pods/{pod}/log"
    query = {"container": container, "tailLines": str(_LINES), **({"previous": "true"} if previous else {})}
    try:
        text = cluster.request("GET", path, query)
    except ApiException as error:
        return Listing(gap=_gap(key, error))
    lines = text.splitlines() if isinstance(text, str) else []
    return Listing(({"kind": "Log", "metadata": {"name": key.name, "namespace": key.namespace}, "lines": lines},))


def _self(cluster: Cluster) -> Listing:
    try:
        review = cluster.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=_REVIEW)
    except ApiException as error:
        return Listing(gap=f"the cluster does not say who you are ({sentence(error)})")
    return Listing(({"kind": "Self", "metadata": {"name": ""}, **review["status"]["userInfo"]},))
