"""The way of one connection, step by step: name, Service, endpoint, policies, target; and where it ends.

`path_of_trace` reads a PacketTrace of the embedded cluster, which is what would happen. `declared_path` works it out from
declared objects of any cluster: what Services, EndpointSlices and NetworkPolicies say. It cannot know whether a process
listens, whether the cluster's network enforces policies, or what the way itself does. Pure functions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from k8slab.apimachinery.types import Object, key_of, labels, name_of, namespace_of
from k8slab.errors import K8slabError
from k8slab.sim.network.policy import judge
from k8slab.topology.reach import peer_of

__all__ = ["Destination", "Path", "Step", "declared_path", "destination_of", "path_of_trace"]

_GOOD = ("connected", "answered", "allowed")


class Destination(NamedTuple):
    """Whereto: a Service, a Pod, or any other host name or address (``kind`` ""), and a port (0: not said)."""

    kind: str
    namespace: str
    name: str
    port: int

    def __str__(self) -> str:
        """Return it as people say it."""
        where = f"{self.kind.lower()}/{self.namespace}/{self.name}" if self.kind else self.name
        return f"{where}:{self.port}" if self.port else where


@dataclass(frozen=True)
class Step:
    """What one layer did; ``ok`` is None where there was nothing to decide."""

    layer: str
    text: str
    ok: bool | None = None


@dataclass(frozen=True)
class Path:
    """A whole way."""

    source: str
    destination: str
    reached: bool
    verdict: str
    steps: tuple[Step, ...]
    target: str = ""
    policy: str = ""
    node: str = ""
    notes: tuple[str, ...] = field(default=())


def destination_of(text: str, namespace: str) -> Destination:
    """Read ``svc/web:80``, ``pod/chat/web-0:8080``, ``web.chat:80``, ``10.96.0.1:443``.

    >>> destination_of("svc/web:80", "chat"), destination_of("example.org", "chat").name
    (Destination(kind='Service', namespace='chat', name='web', port=80), 'example.org')
    """
    host, colon, port = text.rpartition(":")
    if not colon:
        host, port = text, "0"
    if not port.isdigit() or int(port) > 65535:
        raise K8slabError(f"{text!r} has no port that is a number: say it as in svc/web:80.")
    kind, slash, rest = host.partition("/")
    if not slash:
        return Destination("", "", host, int(port))
    known = {"svc": "Service", "service": "Service", "services": "Service", "pod": "Pod", "po": "Pod", "pods": "Pod"}
    if kind.lower() not in known or not rest:
        raise K8slabError(f"{text!r} is neither a Service nor a Pod: say svc/web:80, pod/web-0:8080 or a host name.")
    where, _, name = rest.rpartition("/")
    return Destination(known[kind.lower()], where or namespace, name, int(port))


def path_of_trace(trace: Object, source: str, destination: str) -> Path:
    """Return a PacketTrace (or PacketPath) as a path."""
    status = trace["status"]
    reached = status.get("verdict") in _GOOD
    raw = status.get("steps") or ()
    steps = [Step(s["layer"], s["text"], _ok(s)) for s in raw]
    if not reached and steps and not any(s.ok is False for s in steps):
        steps[-1] = Step(steps[-1].layer, steps[-1].text, False)
    node = next((str(s["node"]) for s in raw if s["layer"] == "target" and s.get("node")), "")
    return Path(source, destination, reached, status.get("verdict", ""), tuple(steps), status.get("target", ""),
                status.get("policy", ""), node)  # fmt: skip


def _ok(step: Object) -> bool | None:
    if step["layer"] == "dns":
        return bool(step["answers"]) if "answers" in step else None
    if step["layer"] == "policy":
        return bool(step.get("allowed"))
    return bool(step["layer"] != "verdict")


def declared_path(source: Object, to: Destination, objects: Mapping[str, Sequence[Object]]) -> Path:
    """Return the way that the objects of a cluster declare.

    Parameters
    ----------
    source
        The pod that connects.
    to
        Whereto.
    objects
        By kind: Pod, Service, EndpointSlice, NetworkPolicy, Namespace.
    """
    if to.kind == "Pod":
        return _to_pod(source, to, objects)
    service = _service(source, to, objects)
    if service is None:
        return _elsewhere(source, to)
    return _through(source, to, service, objects)


def _find(objects: Iterable[Object], namespace: str, name: str) -> Object | None:
    return next((o for o in objects if name_of(o) == name and namespace_of(o) == namespace), None)


def _service(source: Object, to: Destination, objects: Mapping[str, Sequence[Object]]) -> Object | None:
    if to.kind == "Service":
        return _find(objects.get("Service", ()), to.namespace, to.name)
    parts = to.name.split(".")
    namespace = parts[1] if len(parts) > 1 else namespace_of(source)
    by_ip = next((s for s in objects.get("Service", ()) if (s.get("spec") or {}).get("clusterIP") == to.name), None)
    return by_ip or _find(objects.get("Service", ()), namespace, parts[0])


def _ends(source: Object, to: Destination, steps: Iterable[Step], target: str = "", policy: str = "", node: str = "",
          notes: tuple[str, ...] = ()) -> Path:  # fmt: skip
    said = tuple(steps)
    reached = all(s.ok is not False for s in said)
    return Path(key_of(source), str(to), reached, "allowed" if reached else "refused", said, target, policy, node, notes)


def _elsewhere(source: Object, to: Destination) -> Path:
    if to.kind == "Service":
        text = f'there is no Service "{to.name}" in namespace "{to.namespace}"; the name does not resolve'
        return _ends(source, to, [Step("dns", text, False)])
    return _ends(source, to, [Step("dns", f"{to.name} is no Service of this cluster; who answers there, objects do not say")])


def _to_pod(source: Object, to: Destination, objects: Mapping[str, Sequence[Object]]) -> Path:
    pod = _find(objects.get("Pod", ()), to.namespace, to.name)
    if pod is None:
        return _ends(source, to, [Step("target", f'there is no Pod "{to.name}" in namespace "{to.namespace}"', False)])
    address = (pod.get("status") or {}).get("podIP")
    if not address:
        return _ends(source, to, [Step("target", f"{key_of(pod)} has no address yet", False)])
    steps, policy = _policed(source, pod, to.port or 80, "TCP", objects)
    if steps[-1].ok:
        steps.append(_listener(pod, to.port or 80))
    return _ends(source, to, [Step("dns", f"the address of the pod itself: {address}"), *steps], key_of(pod), policy, _node(pod))


def _through(source: Object, to: Destination, service: Object, objects: Mapping[str, Sequence[Object]]) -> Path:
    key, spec = key_of(service), service.get("spec") or {}
    address = spec.get("clusterIP") or spec.get("externalName") or "no address"
    steps = [Step("dns", f"{name_of(service)}.{namespace_of(service)}.svc -> {address}", True)]
    ports = spec.get("ports") or ()
    port = next((p for p in ports if to.port in (0, p["port"])), None)
    if port is None:
        offered = ", ".join(str(p["port"]) for p in ports) or "none"
        return _ends(source, to, [*steps, Step("service", f"{key} has no port {to.port}; it has {offered}", False)])
    endpoints, waiting = _endpoints(service, port, objects.get("EndpointSlice", ()))
    if not endpoints:
        return _ends(source, to, [*steps, Step("service", _why_empty(service, waiting, objects.get("Pod", ())), False)])
    chosen = endpoints[0]
    words = f"{key}:{port['port']} sends to one of {len(endpoints)} endpoints, here {chosen[0]}:{chosen[1]}"
    steps.append(Step("service", words, True))
    pod = _find(objects.get("Pod", ()), namespace_of(service), chosen[2])
    if pod is None:
        return _ends(source, to, [*steps, Step("target", f"{chosen[0]} is no pod of this cluster")])
    judged, policy = _policed(source, pod, chosen[1], port.get("protocol") or "TCP", objects)
    if judged[-1].ok:
        judged.append(_listener(pod, chosen[1]))
    notes = _others(source, endpoints[1:], namespace_of(service), judged[-1].ok is not False, objects)
    return _ends(source, to, [*steps, *judged], key_of(pod), policy, _node(pod), notes)


def _node(pod: Object) -> str:
    return (pod.get("spec") or {}).get("nodeName") or ""


def _endpoints(service: Object, port: Object, slices: Iterable[Object]) -> tuple[list[tuple[str, int, str]], int]:
    """Return the ready endpoints (address, port, pod), and how many are not ready."""
    found, waiting = [], 0
    for part in slices:
        mine = labels(part).get("kubernetes.io/service-name") == name_of(service)
        if not mine or namespace_of(part) != namespace_of(service):
            continue
        number = next((p.get("port") for p in part.get("ports") or () if (p.get("name") or "") == (port.get("name") or "")), None)
        for endpoint in part.get("endpoints") or ():
            if (endpoint.get("conditions") or {}).get("ready", True) is False or not number:
                waiting += 1
                continue
            found.append((endpoint["addresses"][0], number, (endpoint.get("targetRef") or {}).get("name", "")))
    return sorted(found), waiting


def _why_empty(service: Object, waiting: int, pods: Iterable[Object]) -> str:
    key, selector = key_of(service), (service.get("spec") or {}).get("selector") or {}
    if waiting:
        return f"{key} has no ready endpoint: {waiting} not ready"
    if not selector:
        return f"{key} has no selector and no endpoints"
    said = ",".join(f"{k}={v}" for k, v in selector.items())
    if any(namespace_of(p) == namespace_of(service) and selector.items() <= labels(p).items() for p in pods):
        return f"{key} selects pods ({said}), but none of them has an address that is ready"
    return f"{key} has no endpoints: no pod has the labels {said}"


def _policed(
    source: Object, pod: Object, port: int, protocol: str, objects: Mapping[str, Sequence[Object]]
) -> tuple[list[Step], str]:
    known = objects.get("Namespace", ())
    verdicts = judge(objects.get("NetworkPolicy", ()), peer_of(source, known), peer_of(pod, known), port, protocol)
    steps = [Step("policy", f"{v.direction.lower()}: {v.text}", v.allowed) for v in verdicts]
    return steps, next((v.policy for v in reversed(verdicts) if v.policy), "")


def _listener(pod: Object, port: int) -> Step:
    declared = [p["containerPort"] for c in pod["spec"].get("containers") or () for p in c.get("ports") or ()]
    if port in declared:
        return Step("target", f"{key_of(pod)} declares port {port}", True)
    also = f"it declares {', '.join(map(str, declared))}" if declared else "it declares none, which it need not"
    return Step("target", f"{key_of(pod)}: nothing declares port {port} ({also}); whether a process listens, only the pod knows")


def _others(
    source: Object, rest: Sequence[tuple[str, int, str]], namespace: str, like: bool, objects: Mapping[str, Sequence[Object]]
) -> tuple[str, ...]:
    """Return a sentence for every further endpoint that policies treat otherwise."""
    found = []
    for address, port, name in rest:
        pod = _find(objects.get("Pod", ()), namespace, name)
        if pod is None:
            continue
        steps, _ = _policed(source, pod, port, "TCP", objects)
        if (steps[-1].ok is not False) != like:
            found.append(f"Endpoint {name} ({address}) is treated otherwise: {steps[-1].text}.")
    return tuple(found)
