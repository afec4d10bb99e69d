"""A node that is not Ready, under pressure, or cordoned."""

from k8slab.apimachinery.types import Object, name_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Evidence
from k8slab.explain.wording import clause, condition, join, since
from k8slab.explain.world import World, event_evidence

__all__ = ["DIAGNOSERS"]

_PRESSURE = {
    "MemoryPressure": ("memory-pressure", "is short of memory: it evicts pods and takes no BestEffort ones",
                       "Find the pods that use most memory (kubectl top pods), and set requests and limits."),
    "DiskPressure": ("disk-pressure", "is short of disk: it removes images, evicts pods and takes no new ones",
                     "Free disk on the node: images, logs, emptyDirs."),
    "PIDPressure": ("pid-pressure", "runs too many processes", "Find the pod that starts so many, and limit it."),
    "NetworkUnavailable": ("network-unavailable", "has no network configured", "Look at the network plugin's pod on that node."),
}  # fmt: skip


def _say(node: Object, verdict: str, text: str, field: str, change: str, *seen: Evidence) -> Answer:
    name = name_of(node)
    return Answer(f"node.{verdict}", text, f"node/{name}", field, "", KNOWN, tuple(seen), change, f"kubectl describe node {name}")


def _told(node: Object, kind: str) -> Evidence:
    found = condition(node, kind)
    return Evidence(
        f"node/{name_of(node)} status.conditions[{kind}]",
        f"{found.get('status')}, {found.get('reason', '')}: {found.get('message', '')}",
    )


def _ready(world: World, node: Object) -> Answer | None:
    ready, name = condition(node, "Ready"), name_of(node)
    if not ready or ready.get("status") == "True":
        return None
    field = "status.conditions[Ready]"
    if ready["status"] == "Unknown":
        change = "Look whether the machine runs and its kubelet too. After 5 minutes its pods are replaced elsewhere."
        lease = world.get("leases.coordination.k8s.io", name, "kube-node-lease", deciding=False)
        heard = (lease or {}).get("spec", {}).get("renewTime") or ready.get("lastHeartbeatTime")
        ago = since(world.age(heard or ready.get("lastTransitionTime")))
        text = f"node/{name} has not been heard of for {ago}: its kubelet, the machine or the network to it is down."
        seen = [_told(node, "Ready")]
        if lease is not None:
            seen.append(Evidence(f"lease/{name} spec.renewTime", str(lease["spec"].get("renewTime"))))
        return _say(node, "lost", text, field, change, *seen)
    message = str(ready.get("message", ""))
    if "cni" in message.lower() or "network plugin" in message.lower():
        text = f"node/{name} is not Ready: its network plugin is not there ({clause(message)})."
        return _say(
            node,
            "no-network-plugin",
            text,
            field,
            "Install a network plugin (CNI), or look why its pod on this node fails.",
            _told(node, "Ready"),
        )
    if "runtime" in message.lower():
        text = f"node/{name} is not Ready: its container runtime does not answer ({clause(message)})."
        return _say(node, "runtime-down", text, field, "Restart containerd on the node.", _told(node, "Ready"))
    return _say(
        node,
        "not-ready",
        f"node/{name} is not Ready since {since(world.age(ready.get('lastTransitionTime')))}: {clause(message)}.",
        field,
        "Correct what the message names.",
        _told(node, "Ready"),
    )


def _pressure(world: World, node: Object) -> Answer | None:
    for kind, (verdict, says, change) in _PRESSURE.items():
        if condition(node, kind).get("status") == "True":
            events = world.events(node, "EvictionThresholdMet", deciding=False)
            return _say(node, verdict, f"node/{name_of(node)} {says}.", f"status.conditions[{kind}]", change, _told(node, kind),
                        *(event_evidence(e) for e in events[:1]))  # fmt: skip
    return None


def _cordoned(world: World, node: Object) -> Answer | None:
    name = name_of(node)
    if not (node.get("spec") or {}).get("unschedulable"):
        return None
    text = f"node/{name} is cordoned: its pods stay, and new ones do not come."
    answer = _say(node, "cordoned", text, "spec.unschedulable", "Uncordon it when its maintenance is over.")
    return Answer(**{**answer.__dict__, "command": f"kubectl uncordon {name}"})


def _new(world: World, node: Object) -> Answer | None:
    if condition(node, "Ready"):
        return None
    text = f"node/{name_of(node)} was registered, but no kubelet has reported about it."
    return Answer("node.never-reported", text, f"node/{name_of(node)}", "status.conditions", "", LIKELY, (),
                  "Start the kubelet of that machine.", f"kubectl describe node {name_of(node)}")  # fmt: skip


def _healthy(world: World, node: Object) -> Answer:
    taints = [f"{t['key']}:{t['effect']}" for t in (node.get("spec") or {}).get("taints") or ()]
    text = f"node/{name_of(node)} is Ready" + (
        f"; its taints keep away what does not tolerate {join(taints)}." if taints else "."
    )
    return _say(node, "healthy", text, "status.conditions[Ready]", "", _told(node, "Ready"))


DIAGNOSERS = (_ready, _pressure, _cordoned, _new, _healthy)
