"""Who is at the ends of a question about traffic: pods with their addresses, nodes, Services, names."""

from dataclasses import dataclass
from difflib import get_close_matches

from k8slab.apimachinery.types import Object, labels, name_of, namespace_of
from k8slab.explain.answer import KNOWN, UNKNOWN, Answer
from k8slab.explain.kinds import kind_named
from k8slab.explain.network.endpoints import pod_ready
from k8slab.explain.question import End
from k8slab.explain.wording import join, kubectl
from k8slab.explain.world import World
from k8slab.sim.network.policy import Peer

__all__ = ["Name", "absent", "peer", "resolve_name", "source_peer"]

_DOMAIN = "cluster.local"
_OUTSIDE = "203.0.113.1"  #: an address of nowhere in particular (TEST-NET-3)


def absent(world: World, label: str, resource: str, name: str, namespace: str) -> Answer:
    """Return the answer for an end that is not there, or cannot be seen."""
    if not world.lacks(resource, name, namespace):
        return Answer("unknown", f"{label} cannot be seen.", label, "", namespace, UNKNOWN)
    where = f" in namespace {namespace}" if namespace else ""
    near = get_close_matches(name, [name_of(o) for o in world.peek(resource, namespace)], 1, 0.6)
    hint = f" Did you mean {label.partition('/')[0]}/{near[0]}?" if near else ""
    return Answer("absent", f"There is no {label}{where}.{hint}", label, "metadata.name", namespace, KNOWN, (),
                  "It has to be created, or its name or namespace is another one.",
                  kubectl(f"get {resource.partition('.')[0]}", namespace))  # fmt: skip


def peer(world: World, pod: Object) -> Peer:
    """Return a pod as an end of a connection."""
    name = namespace_of(pod)
    found = world.get("namespaces", name)
    known = labels(found) if found else {"kubernetes.io/metadata.name": name}
    return Peer(
        (pod.get("status") or {}).get("podIP") or "0.0.0.0", {"kind": "Pod", **pod}, known, pod["spec"].get("nodeName", "")
    )


def source_peer(world: World, end: End) -> Peer | Answer:
    """Return who begins a connection."""
    if end.host:
        return Peer(_OUTSIDE if end.host == "internet" else end.host)
    known = kind_named(end.kind)
    resource = known[0] if known else end.kind
    if resource == "nodes":
        node = world.get(resource, end.name)
        if node is None:
            return absent(world, str(end), resource, end.name, "")
        addresses = (node.get("status") or {}).get("addresses") or ()
        return Peer(next((a["address"] for a in addresses if a["type"] == "InternalIP"), "0.0.0.0"), None, {}, end.name)
    found = world.get(resource, end.name, end.namespace)
    if found is None:
        return absent(world, str(end), resource, end.name, end.namespace)
    if resource == "pods":
        return peer(world, found)
    selector = (found.get("spec") or {}).get("selector")
    if resource == "services" or resource == "replicationcontrollers":
        selector = {"matchLabels": selector} if selector else None
    pods = world.selected("pods", end.namespace, selector)
    if not pods:
        return Answer(
            "traffic.source-without-pods", f"{end} has no pods, so nothing comes from it.", str(end), "status", end.namespace
        )
    return peer(world, next((p for p in pods if pod_ready(p)), pods[0]))


@dataclass(frozen=True)
class Name:
    """What cluster DNS makes of a name: a Service, or why not."""

    service: Object | None = None
    refusal: Answer | None = None


def resolve_name(world: World, host: str, namespace: str, source: Object | None) -> Name:
    """Return what a name means in a pod of a namespace, by the search path of its resolv.conf."""
    if source is not None and source["spec"].get("dnsPolicy") in ("Default", "None"):
        text = (f"The pod's dnsPolicy is {source['spec']['dnsPolicy']}, so it does not ask the cluster's DNS, "
                f"and {host!r} means nothing to it.")  # fmt: skip
        return Name(refusal=Answer("traffic.dns.policy", text, f"pod/{name_of(source)}", "spec.dnsPolicy", namespace_of(source),
                                   change="Use dnsPolicy ClusterFirst."))  # fmt: skip
    if source is not None and _own_name(source, host):
        text = (
            f"In pod/{name_of(source)}, {host!r} is its own host name (/etc/hosts): the connection stays in the pod "
            "and reaches no Service."
        )
        return Name(refusal=Answer("traffic.dns.own-name", text, f"pod/{name_of(source)}", "spec.hostname", namespace_of(source),
                                   change=f"Say {host}.{namespace}, which means the Service."))  # fmt: skip
    short = host.rstrip(".").removesuffix(f".svc.{_DOMAIN}").removesuffix(".svc")
    parts = short.split(".")
    if len(parts) > 2 or (
        len(parts) == 2 and not _namespace_known(world, parts[1]) and not host.endswith((".svc", f".{_DOMAIN}"))
    ):
        return _outside(world, host, parts)
    where = parts[1] if len(parts) == 2 else namespace
    service = world.get("services", parts[0], where)
    if service is not None:
        return Name(service)
    if not world.lacks("services", parts[0], where):
        return Name(refusal=Answer("unknown", f"service/{parts[0]} in namespace {where} cannot be seen.", confidence=UNKNOWN))
    return Name(refusal=_no_service(world, host, parts[0], where))


def _own_name(pod: Object, host: str) -> bool:
    spec = pod["spec"]
    return not spec.get("hostNetwork") and host == (spec.get("hostname") or name_of(pod))


def _namespace_known(world: World, name: str) -> bool:
    return world.get("namespaces", name) is not None


def _outside(world: World, host: str, parts: list[str]) -> Name:
    last = parts[-1]
    if len(parts) == 2:
        services = [s for s in world.peek("services") if name_of(s) == parts[0]]
        if services:
            where = join(sorted({namespace_of(s) for s in services}))
            text = f"{host!r} means service {parts[0]} in namespace {last}, and there is no such namespace; it is in {where}."
            return Name(
                refusal=Answer(
                    "traffic.dns.no-namespace",
                    text,
                    f"service/{parts[0]}",
                    "metadata.namespace",
                    namespace_of(services[0]),
                    change=f"Say {parts[0]}.{namespace_of(services[0])}.",
                )
            )
    if "svc" in parts or "cluster" in parts:
        text = f"{host!r} is no name of this cluster: Services are called name.namespace.svc.{_DOMAIN}."
        return Name(refusal=Answer("traffic.dns.unknown-name", text, host, "", change="Correct the name."))
    text = f"{host!r} is outside the cluster: whether it answers cannot be told from the cluster's objects."
    return Name(refusal=Answer("traffic.external", text, host, "", confidence=UNKNOWN))


def _no_service(world: World, host: str, name: str, where: str) -> Answer:
    others = sorted({namespace_of(s) for s in world.peek("services") if name_of(s) == name})
    if others:
        text = f"{host!r} means service/{name} in namespace {where}, and there is none; there is one in namespace {join(others)}."
        return Answer("traffic.dns.other-namespace", text, f"service/{name}", "metadata.namespace", others[0],
                      change=f"Say {name}.{others[0]}.")  # fmt: skip
    text = f"There is no service/{name} in namespace {where}, so the name {host!r} is unknown (NXDOMAIN)."
    return Answer("traffic.dns.no-service", text, f"service/{name}", "metadata.name", where,
                  change="Create the Service, or correct the name.", command=f"kubectl get services -n {where}")  # fmt: skip
