"""The node authorizer: a kubelet may touch its own node, its own pods and what those pods refer to.

Upstream: plugin/pkg/auth/authorizer/node. Upstream keeps a graph of all pods and what they mention; here the pods of the
asking node are looked at each time (an index by node, made at the first question), which is as exact and needs no upkeep.
Simplified: list and watch of pods and nodes need no field selector; dynamic resource allocation is left to the static rules.
What a node may *write* within these limits is admission's part (NodeRestriction).
"""

from collections.abc import Iterator

from k8slab.apimachinery.pod_claims import pod_claims
from k8slab.apimachinery.types import Object, namespace_of
from k8slab.sim.apiserver.authentication.user import UserInfo
from k8slab.sim.apiserver.authorization.attributes import Attributes, Decision
from k8slab.sim.client import Client

__all__ = ["NODE_RULES", "authorize", "by_object", "node_of", "references"]

#: (group, resource or resource/subresource) -> verbs that every node holds.
NODE_RULES: dict[tuple[str, str], str] = {
    ("authentication.k8s.io", "tokenreviews"): "create",
    ("authorization.k8s.io", "subjectaccessreviews"): "create",
    ("authorization.k8s.io", "localsubjectaccessreviews"): "create",
    ("", "services"): "get list watch",
    ("", "nodes"): "create get list watch update patch",
    ("", "nodes/status"): "update patch",
    ("", "events"): "create update patch",
    ("events.k8s.io", "events"): "create update patch",
    ("", "pods"): "get list watch create delete",
    ("", "pods/status"): "update patch",
    ("", "pods/eviction"): "create",
    ("", "endpoints"): "get",
    ("certificates.k8s.io", "certificatesigningrequests"): "create get list watch",
    ("storage.k8s.io", "csidrivers"): "get list watch",
    ("node.k8s.io", "runtimeclasses"): "get list watch",
    ("resource.k8s.io", "resourceclaims"): "get",
    ("resource.k8s.io", "resourceslices"): "get list watch create update patch delete deletecollection",
}
_VERBS = {key: frozenset(verbs.split()) for key, verbs in NODE_RULES.items()}
_GRAPH = {"secrets", "configmaps", "persistentvolumeclaims", "persistentvolumes", "serviceaccounts", "volumeattachments"}
_OWN = {("coordination.k8s.io", "leases"): "node lease", ("storage.k8s.io", "csinodes"): "CSINode"}
_OWN_VERBS = {"get", "create", "update", "patch", "delete"}
_INDEX = "node-authorizer"
_NO = Decision(False)


def node_of(user: UserInfo) -> str:
    """Return the name of the node a user is, "" if it is none.

    >>> node_of(UserInfo("system:node:worker-1", groups=("system:nodes",)))
    'worker-1'
    """
    if user.name.startswith("system:node:") and "system:nodes" in user.groups:
        return user.name.removeprefix("system:node:")
    return ""


def by_object(attributes: Attributes) -> bool:
    """Whether the answer depends on the object's name."""
    graph = attributes.group in ("", "storage.k8s.io") and attributes.resource in _GRAPH
    return graph or (attributes.group, attributes.resource) in _OWN


def authorize(attributes: Attributes, client: Client) -> Decision:
    """Decide for a node; no opinion (not allowed, perhaps with a reason) leaves it to RBAC."""
    if attributes.path:
        return _NO
    node = node_of(attributes.user)
    if (attributes.group, attributes.resource) in _OWN:
        return _own_object(attributes, node)
    if by_object(attributes):
        return _related_object(attributes, node, client)
    resource = f"{attributes.resource}/{attributes.subresource}" if attributes.subresource else attributes.resource
    return Decision(attributes.verb in _VERBS.get((attributes.group, resource), ()))


def _own_object(attributes: Attributes, node: str) -> Decision:
    what = _OWN[attributes.group, attributes.resource]
    if attributes.verb not in _OWN_VERBS:
        return Decision(False, f"can only get, create, update, patch, or delete a {what}")
    if what == "node lease" and attributes.namespace != "kube-node-lease":
        return Decision(False, 'can only access leases in the "kube-node-lease" system namespace')
    if attributes.verb != "create" and attributes.name != node:
        return Decision(False, f"can only access {what} with the same name as the requesting node")
    return Decision(True)


def _related_object(attributes: Attributes, node: str, client: Client) -> Decision:
    _, verb, _, _, resource, subresource, namespace, name, _ = attributes
    verbs = {"get"}
    if resource in ("secrets", "configmaps"):
        verbs = {"get", "list", "watch"}
    elif resource == "serviceaccounts":
        verbs = {"create"} if subresource == "token" else {"get"}
    elif subresource == "status" and resource == "persistentvolumeclaims":
        verbs = {"get", "update", "patch"}
    if verb not in verbs or (subresource and (resource, subresource) not in _SUBRESOURCES):
        return Decision(False, f"cannot {verb} {resource}{'/' + subresource if subresource else ''} as a node")
    if not name:
        return Decision(False, "No Object name found")
    if any(ref == (resource, namespace, name) for ref in references(node, client)):
        return Decision(True)
    return Decision(False, f"no relationship found between node '{node}' and this object")


_SUBRESOURCES = {("serviceaccounts", "token"), ("persistentvolumeclaims", "status")}


def references(node: str, client: Client) -> Iterator[tuple[str, str, str]]:
    """Yield (resource, namespace, name) of everything the pods of a node mention."""
    pods = client.informer("pods")
    pods.add_index(_INDEX, lambda pod: [name] if (name := pod["spec"].get("nodeName")) else [])
    for pod in pods.by_index(_INDEX, node):
        yield from _pod_references(pod)
        for claim in pod_claims(pod):
            found = client.informer("persistentvolumeclaims").get(claim.claim, namespace_of(pod))
            if found and found.get("spec", {}).get("volumeName"):
                yield "persistentvolumes", "", found["spec"]["volumeName"]
    for attachment in client.informer("volumeattachments.storage.k8s.io").list():
        if attachment["spec"].get("nodeName") == node:
            yield "volumeattachments", "", attachment["metadata"]["name"]


def _pod_references(pod: Object) -> Iterator[tuple[str, str, str]]:
    namespace, spec = namespace_of(pod), pod["spec"]
    if spec.get("serviceAccountName"):
        yield "serviceaccounts", namespace, spec["serviceAccountName"]
    for secret in spec.get("imagePullSecrets") or ():
        yield "secrets", namespace, secret["name"]
    for claim in pod_claims(pod):
        yield "persistentvolumeclaims", namespace, claim.claim
    containers = [c for key in ("initContainers", "containers", "ephemeralContainers") for c in spec.get(key) or ()]
    for container in containers:
        for source in container.get("envFrom") or ():
            yield from _named(source, namespace, "configMapRef", "secretRef")
        for variable in container.get("env") or ():
            yield from _named(variable.get("valueFrom") or {}, namespace, "configMapKeyRef", "secretKeyRef")
    for volume in spec.get("volumes") or ():
        for source in [volume, *((volume.get("projected") or {}).get("sources") or ())]:
            yield from _named(source, namespace, "configMap", "secret")


def _named(source: Object, namespace: str, config_map: str, secret: str) -> Iterator[tuple[str, str, str]]:
    if source.get(config_map):
        yield "configmaps", namespace, source[config_map].get("name", "")
    if source.get(secret):
        yield "secrets", namespace, source[secret].get("secretName") or source[secret].get("name", "")
