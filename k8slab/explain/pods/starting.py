"""A pod that has a node and no running containers yet: volumes, sandbox, init containers, pulling.

Upstream: pkg/kubelet/volumemanager and kuberuntime give the events' texts.
"""

import re

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Evidence
from k8slab.explain.blame import Author, author_of
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.references import RESOURCES, Missing, missing_answer
from k8slab.explain.pods.states import unfinished
from k8slab.explain.wording import clause, condition, kubectl, since
from k8slab.explain.world import World, event_evidence
from k8slab.topology.uses import pod_spec_uses

__all__ = ["starting"]

_TROUBLE = ("FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox", "NetworkNotReady",
            "FailedPrepareDynamicResources")  # fmt: skip
_AFTER = ("Pulling", "Pulled", "Created", "Started", "SuccessfulAttachVolume")
_VOLUME = re.compile(r'volume "([^"]+)"')
_KEYS = re.compile(r"references non-existent (?:config|secret) key: ([^ ]+)")


def starting(world: World, pod: Object) -> Answer | None:
    """Say what a pod's start waits for."""
    waits = [c for c in unfinished(pod) if c.running is None and not c.terminated]
    begun = bool(waits) or not (pod.get("status") or {}).get("containerStatuses")
    if not begun:
        return None
    author = author_of(world, pod)
    return (
        _init(world, pod, author)
        or _missing_source(world, pod, author)
        or _trouble(world, pod, author)
        or (_progress(world, pod) if (pod.get("status") or {}).get("phase") == "Pending" else None)
    )


def _init(world: World, pod: Object, author: Author) -> Answer | None:
    for container in unfinished(pod):
        if container.init and not container.sidecar and container.running is not None:
            ago = since(world.age(container.running.get("startedAt")))
            seen = [Evidence(f"{label_of(pod)} {container.at}.state.running", f"for {ago}")]
            lines = [line for line in world.log(pod, container.name) if line.strip()][-3:]
            seen += [Evidence(f"log of {container.called}", "\n" + "\n".join(lines))] if lines else []
            text = (
                f"{label_of(pod)} waits for its {container.called}, which has been running for {ago}: the others start after it."
            )
            return Answer(
                "pod.init.running",
                text,
                author.label,
                author.field(container.path),
                author.namespace,
                KNOWN,
                tuple(seen),
                "It has to end with exit code 0; its log tells what it waits for.",
                kubectl(f"logs {pod['metadata']['name']} -c {container.name}", namespace_of(pod)),
            )
    return None


def _missing_source(world: World, pod: Object, author: Author) -> Answer | None:
    """A ConfigMap, Secret or claim that a volume names and that is not there."""
    if condition(pod, "PodReadyToStartContainers").get("status") == "True":
        return None  # a sandbox is made after the volumes are there
    namespace = namespace_of(pod)
    for kind, name, field, optional in pod_spec_uses(pod["spec"], ""):
        if not field.startswith(".volumes[") or optional:
            continue
        found = world.get(RESOURCES[kind], name, namespace)
        if found is not None:
            answer = _missing_key(world, pod, author, kind, found, field)
            if answer is not None:
                return answer
        elif world.lacks(RESOURCES[kind], name, namespace):
            events = world.events(pod, "FailedMount", deciding=False)
            seen = tuple(event_evidence(e) for e in events[:1] if name in e.get("message", ""))
            return missing_answer(world, pod, author, Missing(kind, name, field.lstrip(".")), "volume", seen)
    return None


def _missing_key(world: World, pod: Object, author: Author, kind: str, found: Object, field: str) -> Answer | None:
    if kind == "PersistentVolumeClaim":
        return None
    volume = pod["spec"]["volumes"][int(field.split("[")[1].split("]")[0])]
    source = volume.get("configMap") or volume.get("secret") or {}
    keys = {**(found.get("data") or {}), **(found.get("binaryData") or {})}
    lost = next((i["key"] for i in source.get("items") or () if i["key"] not in keys), None)
    if lost is None:
        return None
    seen = tuple(event_evidence(e) for e in world.events(pod, "FailedMount", deciding=False)[:1])
    return missing_answer(world, pod, author, Missing(kind, found["metadata"]["name"], "", lost), "volume", seen)


def _trouble(world: World, pod: Object, author: Author) -> Answer | None:
    told = world.events(pod)
    event = next((e for e in told if e.get("reason") in (*_TROUBLE, *_AFTER)), None)
    if event is None or event["reason"] in _AFTER:
        return None  # what was wrong is over: it has come further since
    message = str(event.get("message", ""))
    seen, reason = (event_evidence(event),), event["reason"]
    named = _VOLUME.search(message)
    volumes = pod["spec"].get("volumes") or ()
    at = next((i for i, v in enumerate(volumes) if named and v["name"] == named[1]), None)
    field = author.field(f"volumes[{at}]" if at is not None else "volumes")
    node = pod["spec"].get("nodeName", "")
    verdict, text, change, where = (
        "volume.mount",
        f"A volume cannot be mounted: {clause(message)}",
        "Correct what the message names",
        "",
    )
    if reason in ("FailedCreatePodSandBox", "NetworkNotReady"):
        verdict, text = "sandbox", f"Node {node} cannot make the pod's sandbox, mostly its network: {clause(message)}"
        change, where, field = (
            "Look at the network plugin and the container runtime of that node",
            f"node/{node}",
            "status.conditions[Ready]",
        )
    elif "Multi-Attach error" in message:
        verdict = "volume.multi-attach"
        text = "Its volume is still attached to another node, and it can be at only one (ReadWriteOnce)"
        change = "Let the other pod that uses the claim end, or run both on one node"
    elif "hostPath type check failed" in message:
        verdict, text = "volume.hostpath", f"The hostPath is not on node {node} as its type demands: {clause(message)}"
        change = "Make it there, or choose type DirectoryOrCreate or FileOrCreate"
    elif reason == "FailedAttachVolume":
        verdict, text = "volume.attach", f"A volume cannot be attached to node {node}: {clause(message)}"
        change = "Look at the storage driver and its VolumeAttachments"
    sure = LIKELY if verdict in ("volume.mount", "sandbox", "volume.attach") else KNOWN
    return Answer(f"pod.{verdict}", f"{text}.", where or author.label, field, "" if where else author.namespace, sure, seen,
                  f"{change}.", kubectl(f"describe {label_of(pod)}", namespace_of(pod)))  # fmt: skip


def _progress(world: World, pod: Object) -> Answer:
    """Nothing is wrong so far: what was the last thing that happened?"""
    events = world.events(pod)
    seen = tuple(event_evidence(e) for e in events[:1])
    ago = world.age((pod.get("status") or {}).get("startTime") or pod["metadata"].get("creationTimestamp"))
    reason = events[0]["reason"] if events else ""
    doing = {
        "Pulling": "its image is being pulled",
        "Scheduled": "its node prepares it",
        "Pulled": "its containers are being made",
        "Created": "its containers are being started",
    }.get(reason, "its node prepares it")
    text = f"{label_of(pod)} is starting since {since(ago)}: {doing}, and nothing has gone wrong so far."
    return Answer("pod.starting", text, label_of(pod), "status.phase", namespace_of(pod), KNOWN if ago < 120 else LIKELY, seen,
                  "Nothing: wait.", kubectl(f"get {label_of(pod)} -w", namespace_of(pod)))  # fmt: skip
