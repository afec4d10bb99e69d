"""What can be said about any object, a custom one too: finalizers that hold it, conditions that it shows."""

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.wording import clause, kubectl, quoted, since
from k8slab.explain.world import World, event_evidence

__all__ = ["DIAGNOSERS", "held"]

_PROTECTION = {
    "kubernetes.io/pvc-protection": "a pod still uses it",
    "kubernetes.io/pv-protection": "a claim is still bound to it",
    "foregroundDeletion": "the objects it owns are deleted first",
    "orphan": "the objects it owns are being released first",
    "service.kubernetes.io/load-balancer-cleanup": "its load balancer is being taken down first",
}
#: Conditions that mean that all is well when they are True.
_GOOD = ("Ready", "Available", "Succeeded", "Established", "Accepted", "Programmed", "Synced", "Healthy", "Complete")


def held(world: World, obj: Object) -> Answer | None:
    """Say what a deleted object waits for."""
    meta = obj["metadata"]
    finalizers = meta.get("finalizers") or []
    if not meta.get("deletionTimestamp") or not finalizers:
        return None
    name, namespace = label_of(obj), namespace_of(obj)
    ago = since(world.age(meta["deletionTimestamp"]))
    known = _PROTECTION.get(finalizers[0])
    seen = (Evidence(f"{name} metadata.finalizers", ", ".join(finalizers)),
            Evidence(f"{name} metadata.deletionTimestamp", f"{meta['deletionTimestamp']} ({ago} ago)"))  # fmt: skip
    if finalizers[0] == "kubernetes.io/pvc-protection":
        users = _users(world, obj)
        known = f"{users} still {'uses' if users.count('/') == 1 else 'use'} it" if users else known
    says = f": {known}" if known else ", and its controller has not removed it"
    text = f"{name} was deleted {ago} ago and is held by the finalizer {quoted(finalizers)}{says}."
    change = ("Nothing by force: it goes by itself when that is over." if known else
              "The controller that set the finalizer has to do its work and remove it; does it still run?")  # fmt: skip
    verdict = "finalizer.protection" if known else "finalizer.held"
    return Answer(verdict, text, name, "metadata.finalizers", namespace, KNOWN, seen, change,
                  kubectl(f"get {name} -o yaml", namespace))  # fmt: skip


def _users(world: World, claim: Object) -> str:
    from k8slab.explain.wording import join
    from k8slab.topology.uses import pod_spec_uses

    wanted = ("PersistentVolumeClaim", claim["metadata"]["name"])
    pods = world.list("pods", namespace_of(claim))
    return join(label_of(p) for p in pods if any(use[:2] == wanted for use in pod_spec_uses(p["spec"])))


def _conditions(world: World, obj: Object) -> Answer | None:
    """A condition that says that something is wrong; what it means is the business of the object's own controller."""
    name, namespace = label_of(obj), namespace_of(obj)
    for found in (obj.get("status") or {}).get("conditions") or ():
        if found.get("type") in _GOOD and found.get("status") == "False":
            says = clause(found.get("message") or found.get("reason") or "it gives no reason")
            text = f"{name} is not {found['type']}: {says}."
            seen = (
                Evidence(
                    f"{name} status.conditions[{found['type']}]", f"False, {found.get('reason', '')}: {found.get('message', '')}"
                ),
            )
            return Answer("condition", text, name, f"status.conditions[{found['type']}]", namespace, LIKELY, seen,
                          "What its controller reports has to be corrected.", kubectl(f"describe {name}", namespace))  # fmt: skip
    return None


def _settled(world: World, obj: Object) -> Answer:
    name, namespace = label_of(obj), namespace_of(obj)
    warnings = [e for e in world.events(obj, deciding=False) if e.get("type") == "Warning"]
    if warnings:
        text = f"{name} exists; the latest warning about it: {clause(warnings[0].get('message', ''))}."
        return Answer("event", text, name, "", namespace, LIKELY, tuple(event_evidence(e) for e in warnings[:3]), "",
                      kubectl(f"describe {name}", namespace))  # fmt: skip
    status = obj.get("status")
    good = any(c.get("type") in _GOOD and c.get("status") == "True" for c in (status or {}).get("conditions") or ())
    if good or not status:
        return Answer("healthy", f"{name} exists, and nothing about it says that something is wrong.", name, "", namespace)
    return Answer(
        "unknown",
        f"{name} exists; what its status means is not known here.",
        name,
        "status",
        namespace,
        UNKNOWN,
        (),
        "",
        kubectl(f"get {name} -o yaml", namespace),
    )


DIAGNOSERS = (held, _conditions, _settled)
