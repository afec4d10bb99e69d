"""A namespace that does not go, a quota that is used up, a budget that allows nothing.

Upstream: pkg/controller/namespace/deletion (conditions and texts).
"""

import re

from k8slab.apimachinery.quota import amounts_of
from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Confidence, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.wording import clause, condition, count, join, kubectl, pairs, quoted, since
from k8slab.explain.workloads.members import unready
from k8slab.explain.world import World

__all__ = ["BUDGETS", "NAMESPACES", "QUOTAS"]


def _terminating(world: World, namespace: Object) -> Answer | None:
    if not namespace["metadata"].get("deletionTimestamp"):
        return None
    name = name_of(namespace)
    ago = since(world.age(namespace["metadata"]["deletionTimestamp"]))
    down = condition(namespace, "NamespaceDeletionDiscoveryFailure")
    if down.get("status") == "True":
        group = re.search(r"((?:[\w-]+\.)+[\w-]+)/(v\w+)", str(down.get("message", "")))
        service = f"apiservice/{group[2]}.{group[1]}" if group else "apiservice"
        text = (
            f"namespace/{name} has been terminating for {ago}: an aggregated API does not answer, so nobody knows "
            "whether something of "
            f"it is left ({clause(down.get('message', ''))})."
        )
        return Answer(
            "namespace.discovery",
            text,
            service,
            "status.conditions[Available]",
            "",
            KNOWN,
            (_told(namespace, down["type"]),),
            "Repair the API's server, or delete its APIService.",
            "kubectl get apiservices | grep False",
        )
    held = condition(namespace, "NamespaceFinalizersRemaining")
    if held.get("status") == "True":
        return _held(world, namespace, held, ago)
    failed = condition(namespace, "NamespaceDeletionContentFailure")
    if failed.get("status") == "True":
        text = (
            f"namespace/{name} has been terminating for {ago}: something in it cannot be deleted "
            f"({clause(failed.get('message', ''))})."
        )
        return Answer(
            "namespace.content-failure",
            text,
            f"namespace/{name}",
            "status.conditions[NamespaceDeletionContentFailure]",
            "",
            LIKELY,
            (_told(namespace, failed["type"]),),
            "Correct what the message names.",
            f"kubectl describe namespace {name}",
        )
    return _emptying(world, namespace, ago)


def _told(namespace: Object, kind: str) -> Evidence:
    return Evidence(
        f"namespace/{name_of(namespace)} status.conditions[{kind}]", str(condition(namespace, kind).get("message", ""))
    )


def _held(world: World, namespace: Object, held: Object, ago: str) -> Answer:
    """Some object in it has a finalizer: which?"""
    name, message = name_of(namespace), str(held.get("message", ""))
    finalizers = re.findall(r"([\w./-]+) in \d+ resource instances", message)
    left = re.findall(
        r"([\w.-]+?)\.? has \d+ resource instances", str(condition(namespace, "NamespaceContentRemaining").get("message", ""))
    )
    for resource in left:
        for obj in world.list(resource.rstrip("."), name):
            if obj["metadata"].get("finalizers"):
                whose = quoted(obj["metadata"]["finalizers"])
                text = f"namespace/{name} has been terminating for {ago}: {label_of(obj)} in it is held by the finalizer {whose}."
                return Answer(
                    "namespace.finalizers",
                    text,
                    label_of(obj),
                    "metadata.finalizers",
                    name,
                    KNOWN,
                    (_told(namespace, held["type"]),),
                    "The controller that set the finalizer has to do its work and remove it; does it still run?",
                    kubectl(f"get {label_of(obj)} -o yaml", name),
                )
    text = f"namespace/{name} has been terminating for {ago}: something in it is held by the finalizer {quoted(finalizers)}."
    return Answer(
        "namespace.finalizers",
        text,
        f"namespace/{name}",
        "status.conditions[NamespaceFinalizersRemaining]",
        "",
        LIKELY,
        (_told(namespace, held["type"]),),
        "Find the object and see why its controller does not remove the finalizer.",
        "kubectl api-resources --verbs=list --namespaced -o name",
    )


def _emptying(world: World, namespace: Object, ago: str) -> Answer:
    name, left = name_of(namespace), condition(namespace, "NamespaceContentRemaining")
    own = namespace["metadata"].get("finalizers") or []
    if left.get("status") != "True" and own:
        text = f"namespace/{name} is empty and is held by its own finalizer {quoted(own)}."
        return Answer("namespace.own-finalizer", text, f"namespace/{name}", "metadata.finalizers", "", KNOWN, (),
                      "Whoever set it has to remove it.", f"kubectl get namespace {name} -o yaml")  # fmt: skip
    pods = [p for p in world.list("pods", name) if p["metadata"].get("deletionTimestamp")]
    doing = (
        f"{count(len(pods), 'pod')} in it {'is' if len(pods) == 1 else 'are'} still ending"
        if pods
        else "its objects are being deleted"
    )
    seen = (_told(namespace, left["type"]),) if left else ()
    return Answer("namespace.emptying", f"namespace/{name} has been terminating for {ago}: {doing}.", f"namespace/{name}",
                  "metadata.deletionTimestamp", "", KNOWN if pods else LIKELY, seen, "Nothing: wait.",
                  f"kubectl get namespace {name} -w")  # fmt: skip


def _active(world: World, namespace: Object) -> Answer:
    return Answer(
        "namespace.healthy", f"namespace/{name_of(namespace)} is Active.", f"namespace/{name_of(namespace)}", "status.phase"
    )


def _quota(world: World, quota: Object) -> Answer:
    used = amounts_of((quota.get("status") or {}).get("used"))
    hard = amounts_of(quota["spec"].get("hard"))
    full = [key for key, most in sorted(hard.items()) if used.get(key, 0) >= most]
    name, where = label_of(quota), namespace_of(quota)
    shown = (quota.get("status") or {}).get("used") or {}
    seen = tuple(Evidence(f"{name} status.used[{k}]", f"{shown.get(k, '0')} of {quota['spec']['hard'][k]}") for k in sorted(hard))
    if full:
        text = f"{name} is used up for {join(full)}: whatever needs more of it in namespace {where} is refused."
        return Answer(
            "quota.exhausted",
            text,
            name,
            f"spec.hard[{full[0]}]",
            where,
            KNOWN,
            seen,
            "Free some of it, or have it raised.",
            kubectl(f"describe {name}", where),
        )
    return Answer(
        "quota.healthy", f"{name} leaves room for more of everything it counts.", name, "status.used", where, KNOWN, seen
    )


def _budget(world: World, budget: Object) -> Answer:
    name, where, status = label_of(budget), namespace_of(budget), budget.get("status") or {}
    words = ", ".join(f"{k} {status.get(k)}" for k in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"))
    seen = (Evidence(f"{name} status", words),)
    selected = world.selected("pods", where, budget["spec"].get("selector"))
    key = "minAvailable" if "minAvailable" in budget["spec"] else "maxUnavailable"

    def say(verdict: str, text: str, field: str, change: str, sure: Confidence = KNOWN) -> Answer:
        return Answer(f"pdb.{verdict}", text, name, field, where, sure, seen, change, kubectl(f"describe {name}", where))

    failed = condition(budget, "DisruptionAllowed")
    if failed.get("reason") == "SyncFailed":
        return say(
            "sync-failed",
            f"{name} cannot be computed: {clause(failed.get('message', ''))}.",
            "spec.selector",
            "Correct its selector.",
        )
    if not selected:
        selector = pairs((budget["spec"].get("selector") or {}).get("matchLabels")) or "nothing"
        return say("selects-nothing", f"{name} selects {selector}, and no pod in namespace {where} has that: it protects nobody.",
                   "spec.selector", "Correct the selector.")  # fmt: skip
    if status.get("disruptionsAllowed"):
        return say(
            "healthy", f"{name} lets {count(status['disruptionsAllowed'], 'pod')} go now.", "status.disruptionsAllowed", ""
        )
    value = budget["spec"].get(key)
    bad = unready(selected)
    if bad:
        text = (
            f"{name} lets no pod go: {count(len(bad), 'pod')} of {len(selected)} {'is' if len(bad) == 1 else 'are'} "
            "not ready already."
        )
        return say("unhealthy-pods", text, f"spec.{key}", f"See k8slab why {label_of(bad[0])}.")
    text = f"{name} can never let a pod go: {key} is {value}, with {count(len(selected), 'pod')}."
    return say("too-strict", text, f"spec.{key}", "Run more replicas, or relax it: a drain would wait for ever.")


def _no_budget_status(world: World, budget: Object) -> Answer | None:
    if budget.get("status"):
        return None
    return Answer("unknown", f"{label_of(budget)} has not been looked at by its controller yet.", label_of(budget), "status",
                  namespace_of(budget), UNKNOWN, command=kubectl("get pdb", namespace_of(budget)))  # fmt: skip


NAMESPACES = (_terminating, _active)
QUOTAS = (_quota,)
BUDGETS = (_no_budget_status, _budget)
