"""The namespace of a lab: made, found or emptied, also by somebody who may do little in the cluster.

In a class, learners share a cluster, and each may work in some namespaces only. An administrator has made these and given
the role ``admin`` in them; a lab then uses what is there. Where even that is missing, it says what to ask for.
"""

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, apply
from k8slab.cluster.source import MANAGED_BY
from k8slab.errors import K8slabError

__all__ = ["cordoned_before", "count_of_nodes", "delete_namespace", "ensure_namespace", "has_work"]

_FORBIDDEN = 403
_BEFORE = "k8slab.dev/cordoned-before"
_LABEL = "".join(f"{key}={value}" for key, value in MANAGED_BY.items())

#: What labs make in their namespace; roles and bindings are not here, for they may be what lets the learner in.
_CONTENTS = (
    "horizontalpodautoscalers", "deployments", "statefulsets", "daemonsets", "cronjobs", "jobs", "replicasets", "pods",
    "services", "ingresses", "networkpolicies", "poddisruptionbudgets", "persistentvolumeclaims", "configmaps", "secrets",
    "serviceaccounts", "resourcequotas", "limitranges",
)  # fmt: skip
_BY_ITSELF = {("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default")}


def ensure_namespace(cluster: Cluster, name: str, *, cordons: bool = False) -> bool:
    """Make a namespace with our label, unless it is there; return whether it was.

    A lab that cordons nodes notes on its namespace which ones were out of service before: they are none of its business.

    Raises
    ------
    K8slabError
        If it is somebody else's, or may not be made.
    """
    found = _look(cluster, name)
    if found is None:
        meta: Object = {"name": name, "labels": MANAGED_BY}
        if cordons and (before := _cordoned(cluster)):
            meta["annotations"] = {_BEFORE: ",".join(before)}
        try:
            apply(cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
        except ApiException as error:
            raise _not_allowed(cluster, name) if error.status == _FORBIDDEN else error from error
    elif not MANAGED_BY.items() <= (found["metadata"].get("labels") or {}).items():
        raise K8slabError(
            f'The namespace "{name}" is there and was not made by k8slab. If this lab may use it: '
            f"kubectl label namespace {name} {_LABEL}"
        )
    return found is not None


def cordoned_before(cluster: Cluster, name: str) -> frozenset[str]:
    """Return the nodes that were out of service before the lab of a namespace began."""
    found = _look(cluster, name)
    return frozenset(((found or {}).get("metadata", {}).get("annotations") or {}).get(_BEFORE, "").split(",")) - {""}


def has_work(cluster: Cluster, name: str) -> bool:
    """Whether something was done in a lab's namespace since it was made."""
    kinds = ("deployments", "statefulsets", "pods", "persistentvolumeclaims", "configmaps")
    return any((kind, o["metadata"]["name"]) not in _BY_ITSELF for kind in kinds for o in cluster.list(kind, name))


def delete_namespace(cluster: Cluster, name: str) -> str:
    """Begin to delete a namespace; where that is not allowed, empty it and say so."""
    try:
        cluster.delete("namespaces", name)
    except ApiException as error:
        if error.status != _FORBIDDEN:
            raise
        _empty(cluster, name)
        return f"Namespace {name} is empty; you may not delete it, so its Roles and RoleBindings stay."
    return ""


def count_of_nodes(cluster: Cluster) -> str:
    """Return how many nodes there are, in words, for somebody who may perhaps not see them."""
    nodes = _nodes(cluster)
    return "nodes that you may not see" if nodes is None else f"{len(nodes)} nodes"


def _cordoned(cluster: Cluster) -> list[str]:
    """Return the nodes that are out of service; who may not see nodes will not cordon them."""
    return sorted(node["metadata"]["name"] for node in _nodes(cluster) or () if node["spec"].get("unschedulable"))


def _nodes(cluster: Cluster) -> list[Object] | None:
    """Return the nodes, None if one may not see them."""
    try:
        return cluster.list("nodes")
    except ApiException as error:
        if error.status != _FORBIDDEN:
            raise
        return None


def _look(cluster: Cluster, name: str) -> Object | None:
    try:
        return cluster.find("namespaces", name)
    except ApiException as error:
        raise _not_allowed(cluster, name) if error.status == _FORBIDDEN else error from error


def _not_allowed(cluster: Cluster, name: str) -> K8slabError:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    who = cluster.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=review)["status"]["userInfo"][
        "username"
    ]
    return K8slabError(
        f'You ("{who}") may not make the namespace "{name}", and there is none for you. Ask an administrator for: '
        f"kubectl create namespace {name}; kubectl label namespace {name} {_LABEL}; "
        f"kubectl create rolebinding learner -n {name} --clusterrole=admin --user={who}"
    )


def _empty(cluster: Cluster, name: str) -> None:
    for resource in _CONTENTS:
        try:
            found = [o["metadata"]["name"] for o in cluster.list(resource, name)]
            for one in found:
                if (resource, one) not in _BY_ITSELF:
                    cluster.delete(resource, one, name)
        except ApiException as error:
            if error.status != _FORBIDDEN:
                raise
