"""What a picture says of one object: a short name, a line beneath it, and the facts that a click shows."""

from collections.abc import Callable, Iterator
from typing import Any

from k8slab.apimachinery.types import Object, labels
from k8slab.topology.status import container_counts, node_roles, restart_count
from k8slab.views.look import LOOK
from k8slab.views.scene import Scene

__all__ = ["CARD_H", "CARD_W", "card", "facts_of", "short_name"]

CARD_W, CARD_H = 172, 44
Facts = list[list[Any]]


def short_name(name: str, limit: int = 10) -> str:
    """Return a name cut to fit under its mark; of generated names the distinct end stays.

    >>> short_name("web"), short_name("web-7d9c6b8f5-x2x4l"), short_name("a-long-name-of-a-pod")
    ('web', 'web…x2x4l', 'a-lo…a-pod')
    """
    if len(name) <= limit:
        return name
    first, _, last = name.partition("-")[0], "", name.rpartition("-")[2]
    if len(last) == 5 and len(first) + 6 <= limit:
        return f"{first}…{last}"
    head = max(1, (limit - 1) // 2)
    return f"{name[:head]}…{name[head + 1 - limit :]}" if limit > 2 else name[:limit]


def short_end(words: str, limit: int) -> str:
    """Return words cut at their end.

    >>> short_end("pods,services", 9)
    'pods,ser…'
    """
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def card(a: dict[str, Any]) -> Scene:
    """Return the item of a node of a topology graph, without its place."""
    kind = a["kind"]
    if kind in ("Pods", "Nodes"):
        return _group_card(a)
    if kind == "Permission":  # named by its verbs and resources
        verbs, _, resources = a["name"].partition(" ")
        label, sub = short_end(resources or verbs, 24), verbs.replace(",", " ")
        return {"type": "part", "kind": kind, "label": label, "name": a["name"], "sub": sub, "state": "object",
                "facts": [["Kind", kind], ["Verbs", verbs], ["Resources", resources.replace(",", ", ")]]}  # fmt: skip
    status = "" if a["status"] in ("", "Ready", "Running") else f"  {a['status']}"
    item = {"type": "part", "kind": kind, "label": short_name(a["name"], 21), "name": a["name"], "sub": kind + status,
            "state": a["state"], "facts": facts_of(a)}  # fmt: skip
    flags = {"dashed": True} if a["missing"] else {}
    flags |= {"group": a["group"]} if a.get("group") else {}
    return {**item, **flags}


def _group_card(a: dict[str, Any]) -> Scene:
    of = f"Pods of a {a['of']}" if a["kind"] == "Pods" and a["of"] else a["kind"]
    states = sorted(a["states"].items(), key=lambda s: (-s[1], s[0]))
    told = ", ".join(f"{count} {LOOK[s].label.lower()}" for s, count in states if s in LOOK)
    facts: Facts = [["Kind", of], ["Count", len(a["members"])], ["States", told]]
    facts[1:1] = [["Namespace", a["namespace"]]] if a["namespace"] else []
    return {"type": "group", "kind": a["kind"], "label": short_name(a["name"], 21), "name": a["name"], "sub": a["status"],
            "state": a["state"], "count": len(a["members"]), "states": states, "facts": facts}  # fmt: skip


def facts_of(a: dict[str, Any]) -> Facts:
    """Return what a click shows first, as [name, value]: what kubectl's wide table has of the kind."""
    facts: Facts = [["Kind", a["kind"]]]
    if a["namespace"]:
        facts.append(["Namespace", a["namespace"]])
    if a["status"]:
        facts.append(["Status", a["status"]])
    more = _MORE.get(a["kind"])
    if more and a["object"]:
        facts += [[name, value] for name, value in more(a["object"]) if value not in ("", None)]
    return facts


def _pod(obj: Object) -> Iterator[tuple[str, Any]]:
    ready, total = container_counts(obj)
    yield "Ready", f"{ready}/{total}"
    yield "Restarts", restart_count(obj)
    yield "Node", (obj.get("spec") or {}).get("nodeName") or "<none>"
    yield "IP", (obj.get("status") or {}).get("podIP") or "<none>"


def _node(obj: Object) -> Iterator[tuple[str, Any]]:
    yield "Roles", ", ".join(node_roles(obj)) or "<none>"
    yield "Zone", labels(obj).get("topology.kubernetes.io/zone", "<none>")


def _service(obj: Object) -> Iterator[tuple[str, Any]]:
    spec = obj.get("spec") or {}
    yield "Cluster IP", spec.get("clusterIP")
    ports = (f"{p.get('port')}→{p.get('targetPort', p.get('port'))}/{p.get('protocol', 'TCP')}" for p in spec.get("ports") or ())
    yield "Ports", ", ".join(ports)
    yield "Selector", ",".join(f"{k}={v}" for k, v in (spec.get("selector") or {}).items()) or "<none>"


def _ingress(obj: Object) -> Iterator[tuple[str, Any]]:
    spec = obj.get("spec") or {}
    yield "Class", spec.get("ingressClassName")
    yield "Hosts", ", ".join(rule.get("host") or "*" for rule in spec.get("rules") or ())


def _workload(obj: Object) -> Iterator[tuple[str, Any]]:
    containers = (((obj.get("spec") or {}).get("template") or {}).get("spec") or {}).get("containers") or ()
    yield "Images", ", ".join(c.get("image", "") for c in containers)


def _keys(obj: Object) -> Iterator[tuple[str, Any]]:
    yield "Keys", ", ".join([*(obj.get("data") or {}), *(obj.get("binaryData") or {})]) or "<none>"


def _claim(obj: Object) -> Iterator[tuple[str, Any]]:
    spec = obj.get("spec") or {}
    size = (obj.get("status") or {}).get("capacity") or (spec.get("resources") or {}).get("requests") or spec.get("capacity")
    yield "Capacity", (size or {}).get("storage")
    yield "Access", ", ".join(spec.get("accessModes") or ())
    yield "Class", spec.get("storageClassName")


def _rules(obj: Object) -> Iterator[tuple[str, Any]]:
    for rule in (obj.get("rules") or ())[:8]:
        what = ", ".join([*(rule.get("resources") or ()), *(rule.get("nonResourceURLs") or ())])
        yield "May", f"{', '.join(rule.get('verbs') or ())}: {what}"


def _binding(obj: Object) -> Iterator[tuple[str, Any]]:
    yield "Role", f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}"
    yield "Subjects", ", ".join(f"{s['kind']} {s['name']}" for s in obj.get("subjects") or ()) or "<none>"


_MORE: dict[str, Callable[[Object], Iterator[tuple[str, Any]]]] = {
    "Pod": _pod, "Node": _node, "Service": _service, "Ingress": _ingress, "ConfigMap": _keys, "Secret": _keys,
    "PersistentVolumeClaim": _claim, "PersistentVolume": _claim, "Role": _rules, "ClusterRole": _rules,
    "RoleBinding": _binding, "ClusterRoleBinding": _binding,
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"), _workload),
}  # fmt: skip
