"""The network's kinds of the glass box, ``sim.k8slab.dev/v1alpha1``.

* ``packetpaths``: the latest connections, step by step, in the namespace of the pod that asked for them; those that begin at a
  node (probes, visitors from the host) are in kube-system.
* ``packettraces``: posting one asks what would happen to a connection; nothing is sent, nothing is kept.
* ``networklinks``: latency and loss between zones; see `k8slab.sim.glassbox_links`.
* ``flows``: who talked to whom, how often, with which verdict, bytes and latency.
"""

from collections.abc import Awaitable, Callable

import orjson

from k8slab.apimachinery.timestamps import rfc3339, rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.sim import glassbox_links
from k8slab.sim.apiserver import aggregated
from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.errors import FieldError, bad_request, invalid, method_not_supported, not_found
from k8slab.sim.apiserver.http import Request, Response, Stream
from k8slab.sim.apiserver.requestinfo import RequestInfo
from k8slab.sim.apiserver.resources import Resource
from k8slab.sim.glassbox_network_schemas import SCHEMAS
from k8slab.sim.kernel import Kernel
from k8slab.sim.network import Flow, NetNamespace, Network, PacketPath

__all__ = ["RESOURCES", "NetworkKinds"]

_GROUP, _VERSION = "sim.k8slab.dev", "v1alpha1"
_API = f"{_GROUP}/{_VERSION}"
_ANYTHING: Object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def _column(name: str, path: str, type: str = "string", priority: int = 0) -> Object:
    return {"name": name, "type": type, "jsonPath": path, "priority": priority}


_SOURCE, _VERDICT = _column("Source", ".spec.source.name"), _column("Verdict", ".status.verdict")
_AGE, _POLICY = _column("Age", ".metadata.creationTimestamp", "date"), _column("Policy", ".status.policy", priority=1)
_DESTINATION = _column("Destination", ".spec.destination")
_PATH = (_SOURCE, _DESTINATION, _column("Target", ".status.target"), _VERDICT, _column("Seconds", ".status.seconds", "number"))
_TRACE = (_column("Source", ".spec.source.pod"), _column("Host", ".spec.host"), *_PATH[2:])
_FLOW = (
    _SOURCE, _DESTINATION, _column("Target", ".spec.target"), _VERDICT,
    _column("Connections", ".status.connections", "integer"), _column("Sent", ".status.bytesSent", "integer"),
    _column("Received", ".status.bytesReceived", "integer"), _column("Latency", ".status.latency.mean", "number"),
)  # fmt: skip


def _resource(
    kind: str, description: str, short: tuple[str, ...], verbs: tuple[str, ...], columns: tuple[Object, ...]
) -> Resource:
    fields = SCHEMAS.get(kind, {"spec": _ANYTHING, "status": _ANYTHING})
    schema = {"type": "object", "description": description, "properties": fields}
    return Resource(
        _GROUP, _VERSION, kind, f"{kind.lower()}s", kind.lower(), namespaced=True, short_names=short, verbs=verbs,
        printer_columns=(*columns, _AGE, _POLICY), schema=schema,
    )  # fmt: skip


_READ = ("get", "list")
RESOURCES = (
    _resource("PacketPath", "PacketPath is what happened to one connection, step by step.", ("ppath",), _READ, _PATH),
    _resource("PacketTrace", "PacketTrace asks what would happen to a connection.", ("ptrace",), ("create",), _TRACE),
    glassbox_links.RESOURCE,
    _resource("Flow", "Flow counts connections of one source to one destination.", (), _READ, _FLOW),
)
_BY_PLURAL = {r.plural: r for r in RESOURCES}

Answer = Callable[[Request, RequestInfo, UserInfo], Awaitable[Response | Stream]]


class NetworkKinds:
    """Answers requests for them, and passes on those for other kinds of the group.

    Parameters
    ----------
    network
        Whose records are shown.
    kernel
        Its clock.
    others
        Answers for the other kinds.
    """

    def __init__(self, network: Network, kernel: Kernel, others: Answer) -> None:
        self._network, self._kernel, self._others = network, kernel, others
        self._links = glassbox_links.NetworkLinks(network, kernel)

    async def answer(self, request: Request, info: RequestInfo, user: UserInfo) -> Response | Stream:
        """Answer an authorized request."""
        resource, now = _BY_PLURAL.get(info.resource), self._kernel.now()
        if resource is None:
            return await self._others(request, info, user)
        if info.verb not in resource.verbs or info.subresource:
            raise method_not_supported(_GROUP, info.resource, info.verb)
        if info.verb == "create":
            body = _body(await request.body())
            made = self._links.create(body) if resource is glassbox_links.RESOURCE else self._trace(body, info.namespace)
            return aggregated.answer(
                request, RequestInfo(**{**vars(info), "name": made["metadata"]["name"]}), resource, [made], now
            )
        if info.verb == "delete":
            return Response.json(200, self._links.delete(info.name))
        objects = [o for o in self._objects(info.resource) if info.namespace in ("", o["metadata"].get("namespace"))]
        if info.name:
            objects = [o for o in objects if o["metadata"]["name"] == info.name]
            if not objects:
                raise not_found(_GROUP, info.resource, info.name)
        return aggregated.answer(request, info, resource, objects, now)

    def _objects(self, plural: str) -> list[Object]:
        if plural == glassbox_links.RESOURCE.plural:
            return self._links.list()
        if plural == "flows":
            return [_flow_object(flow) for flow in self._network.flows.list()]
        return [_path_object(path, "PacketPath", f"path-{path.number:06}") for path in self._network.paths.list()]

    def _trace(self, body: Object, namespace: str) -> Object:
        name, spec = (body.get("metadata") or {}).get("name") or "trace", body.get("spec") or {}
        source, host, port = spec.get("source") or {}, spec.get("host"), spec.get("port", 80)
        errors = [FieldError("FieldValueRequired", f"spec.{n}") for n, v in (("source", source), ("host", host)) if not v]
        if not isinstance(port, int) or not 0 < port < 65536:
            errors.append(FieldError("FieldValueInvalid", "spec.port", "must be between 1 and 65535, inclusive", port))
        begin = self._begin(source, namespace)
        if source and begin is None:
            detail = "must be a running pod of this namespace, or a node"
            errors.append(FieldError("FieldValueInvalid", "spec.source", detail, source))
        if errors or begin is None:
            raise invalid(_GROUP, "PacketTrace", name, errors)
        path = self._network.trace(begin, str(host), port, spec.get("protocol", "TCP"))
        made = _path_object(path, "PacketTrace", name)
        return {**made, "metadata": {**made["metadata"], "namespace": namespace}, "spec": spec}

    def _begin(self, source: Object, namespace: str) -> NetNamespace | None:
        if source.get("node"):
            return self._network.namespace_of_node(source["node"])
        return self._network.namespace_of_pod(namespace, source.get("pod", ""))


def _body(raw: bytes) -> Object:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise bad_request("the body must be a JSON object")
    return value


def _end(name: str) -> Object:
    namespace, separator, pod = name.partition("/")
    return {"kind": "Pod", "namespace": namespace, "name": pod} if separator else {"kind": "Node", "name": name}


def _meta(source: str, name: str, time: float) -> Object:
    namespace = source.partition("/")[0] if "/" in source else "kube-system"
    return {"name": name, "namespace": namespace, "creationTimestamp": rfc3339(time)}


def _path_object(path: PacketPath, kind: str, name: str) -> Object:
    seconds = round(path.ended - path.time, 6)
    status: Object = {"verdict": "dropped" if path.dropped else path.verdict, "seconds": seconds, "steps": path.steps}
    status |= {"target": path.target} if path.target else {}
    status |= {"policy": path.policy} if path.policy else {}
    spec = {"source": _end(path.source), "destination": path.destination, "time": rfc3339_micro(path.time)}
    return {"apiVersion": _API, "kind": kind, "metadata": _meta(path.source, name, path.time), "spec": spec, "status": status}


def _flow_object(flow: Flow) -> Object:
    status: Object = {
        "verdict": flow.verdict,
        "connections": flow.connections,
        "bytesSent": flow.sent,
        "bytesReceived": flow.received,
        "latency": {"mean": round(flow.seconds / flow.connections, 6), "max": round(flow.slowest, 6)},
        "lastSeen": rfc3339_micro(flow.last),
    }
    status |= {"policy": flow.policy} if flow.policy else {}
    spec: Object = {"source": _end(flow.source), "destination": flow.destination}
    spec |= {"service": flow.service} if flow.service else {}
    spec |= {"target": flow.target} if flow.target else {}
    meta = _meta(flow.source, f"flow-{flow.number:06}", flow.first)
    return {"apiVersion": _API, "kind": "Flow", "metadata": meta, "spec": spec, "status": status}
