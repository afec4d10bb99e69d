"""The graphs beyond placement, as schemas of `relations`: ownership, traffic, access, storage, configuration, zones.

- `ownership`: owner → owned; see its module.
- `traffic`: ``Client/outside`` → Ingress/Gateway → (HTTPRoute →) Service → EndpointSlice → Pod → Node; the edge to a pod has
  ``ready``. A Service → Pod edge (``relation="selects"``) shows what the selector means, ready or not.
- `access`: subject → binding → role → ``Permission/<verbs> <resources>``; a subject that is no ServiceAccount is virtual.
- `storage`: Pod → PersistentVolumeClaim → PersistentVolume → StorageClass, and VolumeAttachment → PersistentVolume, Node.
- `configuration`: Pod → ConfigMap, Secret, ServiceAccount; the edge's ``fields`` say where the pod reads it.
- `zones`: ``Zone/<name>`` → Node → Pod.

Each is a function of fetched objects; `change_graph` takes a watch event.
"""

from collections.abc import Iterable, Iterator

from k8slab.apimachinery.types import Object, labels, namespace_of
from k8slab.topology.ownership import OWNERSHIP
from k8slab.topology.placement import Graph
from k8slab.topology.relations import Link, Pair, Schema, build
from k8slab.topology.uses import pod_spec_uses

__all__ = ["SCHEMAS", "access", "configuration", "storage", "traffic", "zones"]

_ZONE = "topology.kubernetes.io/zone"
_SERVICE_NAME = "kubernetes.io/service-name"


def _spec(obj: Object) -> Object:
    spec: Object = obj.get("spec") or {}
    return spec


def _on_node(pod: Object) -> Iterator[Link]:
    if _spec(pod).get("nodeName"):
        yield Link("Node", _spec(pod)["nodeName"], "", "runs on", "spec.nodeName")


def _traffic_links(obj: Object) -> Iterator[Link]:
    kind, ns, spec = obj["kind"], namespace_of(obj), _spec(obj)
    if kind == "Pod":
        yield from _on_node(obj)
    elif kind == "Service" and spec.get("type") in ("NodePort", "LoadBalancer"):
        yield Link("Client", "outside", "", "connects", "spec.type", forward=False, virtual=True)
    elif kind == "EndpointSlice":
        yield from _slice_links(obj, ns)
    elif kind == "Gateway":
        yield Link("Client", "outside", "", "connects", "spec.listeners", forward=False, virtual=True)
    elif kind == "Ingress":
        yield Link("Client", "outside", "", "connects", "spec.rules", forward=False, virtual=True)
        for name, path in _backends(spec):
            yield Link("Service", name, ns, "routes", path)
    elif kind == "HTTPRoute":
        for i, ref in enumerate(spec.get("parentRefs") or ()):
            where = ref.get("namespace") or ns
            yield Link("Gateway", ref["name"], where, "routes", f"spec.parentRefs[{i}].name", forward=False)
        for i, rule in enumerate(spec.get("rules") or ()):
            for j, ref in enumerate(rule.get("backendRefs") or ()):
                path = f"spec.rules[{i}].backendRefs[{j}].name"
                yield Link("Service", ref["name"], ref.get("namespace") or ns, "routes", path)


def _backends(spec: Object) -> Iterator[tuple[str, str]]:
    default = (spec.get("defaultBackend") or {}).get("service")
    if default:
        yield default["name"], "spec.defaultBackend.service.name"
    for i, rule in enumerate(spec.get("rules") or ()):
        for j, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            service = (path.get("backend") or {}).get("service")
            if service:
                yield service["name"], f"spec.rules[{i}].http.paths[{j}].backend.service.name"


def _slice_links(obj: Object, ns: str) -> Iterator[Link]:
    service = labels(obj).get(_SERVICE_NAME)
    if service:
        yield Link("Service", service, ns, "has endpoints", f"metadata.labels[{_SERVICE_NAME}]", forward=False)
    for i, endpoint in enumerate(obj.get("endpoints") or ()):
        ref = endpoint.get("targetRef") or {}
        if ref.get("kind") == "Pod":
            ready = (endpoint.get("conditions") or {}).get("ready", True) is not False
            where = ref.get("namespace") or ns
            yield Link("Pod", ref["name"], where, "sends to", f"endpoints[{i}].targetRef", extra=(("ready", ready),))


def _selected(service: Object, pod: Object) -> bool:
    selector = _spec(service).get("selector")
    return bool(selector and namespace_of(service) == namespace_of(pod) and selector.items() <= labels(pod).items())


def _access_links(obj: Object) -> Iterator[Link]:
    kind, ns = obj["kind"], namespace_of(obj)
    if kind in ("RoleBinding", "ClusterRoleBinding"):
        for i, subject in enumerate(obj.get("subjects") or ()):
            account = subject["kind"] == "ServiceAccount"
            where = (subject.get("namespace") or ns) if account else ""
            path = f"subjects[{i}]"
            yield Link(subject["kind"], subject["name"], where, "is bound by", path, forward=False, virtual=not account)
        ref = obj["roleRef"]
        yield Link(ref["kind"], ref["name"], ns if ref["kind"] == "Role" else "", "grants", "roleRef")
    elif kind in ("Role", "ClusterRole"):
        for i, rule in enumerate(obj.get("rules") or ()):
            what = ",".join([*(rule.get("resources") or ()), *(rule.get("nonResourceURLs") or ())])
            extra = tuple((k, tuple(rule.get(k) or ())) for k in ("verbs", "apiGroups", "resources", "resourceNames"))
            yield Link("Permission", f"{','.join(rule['verbs'])} {what}", "", "allows", f"rules[{i}]", virtual=True, extra=extra)


def _storage_links(obj: Object) -> Iterator[Link]:
    kind, ns, spec = obj["kind"], namespace_of(obj), _spec(obj)
    if kind == "Pod":
        for used, name, path, _ in pod_spec_uses(spec):
            if used == "PersistentVolumeClaim":
                yield Link(used, name, ns, "mounts", path)
    elif kind == "PersistentVolumeClaim":
        if spec.get("volumeName"):
            yield Link("PersistentVolume", spec["volumeName"], "", "is bound to", "spec.volumeName")
        if spec.get("storageClassName"):
            yield Link("StorageClass", spec["storageClassName"], "", "asks", "spec.storageClassName")
    elif kind == "PersistentVolume" and spec.get("storageClassName"):
        yield Link("StorageClass", spec["storageClassName"], "", "is of", "spec.storageClassName")
    elif kind == "VolumeAttachment":
        yield Link("Node", spec["nodeName"], "", "attaches to", "spec.nodeName")
        volume = (spec.get("source") or {}).get("persistentVolumeName")
        if volume:
            yield Link("PersistentVolume", volume, "", "attaches", "spec.source.persistentVolumeName")


def _configuration_links(obj: Object) -> Iterator[Link]:
    if obj["kind"] == "Pod":
        for kind, name, path, _ in pod_spec_uses(_spec(obj)):
            if kind != "PersistentVolumeClaim":
                yield Link(kind, name, namespace_of(obj), "reads", path)


def _zone_links(obj: Object) -> Iterator[Link]:
    if obj["kind"] == "Pod" and _spec(obj).get("nodeName"):
        yield Link("Node", _spec(obj)["nodeName"], "", "runs", "spec.nodeName", forward=False)
    elif obj["kind"] == "Node":
        zone = labels(obj).get(_ZONE, "none")
        yield Link("Zone", zone, "", "holds", f"metadata.labels[{_ZONE}]", forward=False, virtual=True)


def _kinds(names: str) -> frozenset[str]:
    return frozenset(names.split())


_SELECTS = (Pair("Service", "Pod", "selects", "spec.selector", _selected),)

#: Name of a graph -> what it is made of; ``kinds`` says what to fetch (ownership takes any).
SCHEMAS = {
    s.name: s
    for s in (
        OWNERSHIP,
        Schema("traffic", _kinds("Pod Node Service EndpointSlice Ingress Gateway HTTPRoute"), _traffic_links, _SELECTS),
        Schema("access", _kinds("Role ClusterRole RoleBinding ClusterRoleBinding ServiceAccount"), _access_links),
        Schema(
            "storage",
            _kinds("Pod PersistentVolumeClaim PersistentVolume StorageClass VolumeAttachment Node"),
            _storage_links,
        ),
        Schema("configuration", _kinds("Pod ConfigMap Secret ServiceAccount"), _configuration_links),
        Schema("zones", _kinds("Pod Node"), _zone_links),
    )
}


def traffic(objects: Iterable[Object]) -> Graph:
    """Return the way of requests: client → ingress/gateway → service → endpoints → pod → node.

    >>> pod = {"kind": "Pod", "metadata": {"name": "a", "namespace": "x", "labels": {"app": "a"}}}
    >>> service = {"kind": "Service", "metadata": {"name": "s", "namespace": "x"}, "spec": {"selector": {"app": "a"}}}
    >>> list(traffic([pod, service]).edges(data="relation"))
    [('Service/x/s', 'Pod/x/a', 'selects')]
    """
    return build(SCHEMAS["traffic"], objects)


def access(objects: Iterable[Object]) -> Graph:
    """Return who may do what: subject → binding → role → permission.

    >>> role = {"kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [{"verbs": ["get"], "resources": ["pods"]}]}
    >>> [target for _, target in access([role]).edges]
    ['Permission/get pods']
    """
    return build(SCHEMAS["access"], objects)


def storage(objects: Iterable[Object]) -> Graph:
    """Return pods, claims, volumes, classes and attachments."""
    return build(SCHEMAS["storage"], objects)


def configuration(objects: Iterable[Object]) -> Graph:
    """Return which pod reads which ConfigMap, Secret and ServiceAccount."""
    return build(SCHEMAS["configuration"], objects)


def zones(objects: Iterable[Object]) -> Graph:
    """Return zones with their nodes and pods.

    >>> list(zones([{"kind": "Node", "metadata": {"name": "n", "labels": {"topology.kubernetes.io/zone": "a"}}}]).edges)
    [('Zone/a', 'Node/n')]
    """
    return build(SCHEMAS["zones"], objects)
