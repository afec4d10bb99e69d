"""A claim that is not bound: no volume suits it, its class does not exist, its provisioner does not act, or nobody uses it yet.

Upstream: pkg/controller/volume/persistentvolume and the external provisioners give the events' texts.
"""

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.explain.answer import KNOWN, LIKELY, UNKNOWN, Answer, Confidence, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.wording import clause, join, kubectl
from k8slab.explain.world import World, event_evidence
from k8slab.sim.controllers.volume_matching import find_volume
from k8slab.topology.uses import pod_spec_uses

__all__ = ["DIAGNOSERS", "VOLUME_DIAGNOSERS", "claim_trouble"]

_NO_PROVISIONER = "kubernetes.io/no-provisioner"
_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"


def claim_trouble(world: World, claim: Object) -> Answer | None:
    """Say why a claim is not bound, in the eyes of a pod that waits for it; None if it is bound or waits only for the pod."""
    answer = _unbound(world, claim)
    return None if answer is None or answer.verdict == "pvc.waiting-for-consumer" else answer


def _unbound(world: World, claim: Object) -> Answer | None:
    status, name, where = claim.get("status") or {}, label_of(claim), namespace_of(claim)
    if status.get("phase") == "Lost":
        volume = claim["spec"].get("volumeName", "")
        text = f"{name} was bound to persistentvolume/{volume}, which does not exist any more: its data is gone."
        return _say(claim, "pvc.lost", text, "spec.volumeName", "Restore the volume, or delete the claim and make a new one.")
    if status.get("phase") == "Bound":
        return None
    events = world.events(claim, "ProvisioningFailed", "FailedBinding", deciding=False)
    seen = (Evidence(f"{name} status.phase", status.get("phase", "Pending")), *(event_evidence(e) for e in events[:1]))
    if claim["spec"].get("volumeName"):
        return _reserved(world, claim, seen)
    wanted = claim["spec"].get("storageClassName", (claim["metadata"].get("annotations") or {}).get(_BETA_CLASS))
    if wanted is None or wanted == "":
        return _static(world, claim, wanted, seen)
    storage_class = world.get("storageclasses.storage.k8s.io", wanted)
    if storage_class is None:
        if not world.lacks("storageclasses.storage.k8s.io", wanted):
            return Answer(
                "unknown",
                f"{name} is not bound; its StorageClass cannot be seen.",
                name,
                "spec.storageClassName",
                where,
                UNKNOWN,
                seen,
                "",
                kubectl(f"describe {name}", where),
            )
        if find_volume(claim, world.list("persistentvolumes")) is not None:
            return None
        classes = [name_of(c) for c in world.list("storageclasses.storage.k8s.io")]
        text = f"{name} asks for the StorageClass {wanted!r}, which does not exist."
        have = f" There {'is' if len(classes) == 1 else 'are'} {join(classes)}." if classes else " There is none at all."
        return _say(
            claim,
            "pvc.class-missing",
            text + have,
            "spec.storageClassName",
            "Make a claim with one of the classes there are (the field cannot be changed), or create the class.",
            seen,
        )
    return _dynamic(world, claim, storage_class, seen)


def _dynamic(world: World, claim: Object, storage_class: Object, seen: tuple[Evidence, ...]) -> Answer | None:
    name, class_name = label_of(claim), name_of(storage_class)
    selected = (claim["metadata"].get("annotations") or {}).get("volume.kubernetes.io/selected-node")
    if storage_class.get("volumeBindingMode") == "WaitForFirstConsumer" and not selected:
        users = _users(world, claim)
        if not users:
            text = (
                f"{name} is not used by any pod yet, and its class {class_name!r} binds at the first use (WaitForFirstConsumer)."
            )
            return _say(
                claim, "pvc.waiting-for-consumer", text, "spec.storageClassName", "Nothing: make a pod that uses it.", seen
            )
        text = f"{name} is bound when its pod {users[0]} has got a node."
        return _say(claim, "pvc.waiting-for-consumer", text, "spec.storageClassName", f"See why {users[0]} has no node.", seen,
                    command=kubectl(f"describe {users[0]}", namespace_of(claim)))  # fmt: skip
    if storage_class.get("provisioner") == _NO_PROVISIONER:
        return _static(world, claim, class_name, seen)
    failed = world.events(claim, "ProvisioningFailed")
    if failed:
        text = (
            f"The provisioner {storage_class.get('provisioner')} could not make a volume: {clause(failed[0].get('message', ''))}."
        )
        return Answer("pvc.provisioning-failed", text, f"storageclass/{class_name}", "provisioner", "", LIKELY, seen,
                      "Correct what the message names: the class's parameters, the quota of the storage, its credentials.",
                      kubectl(f"describe {name}", namespace_of(claim)))  # fmt: skip
    text = f"{name} waits for the provisioner {storage_class.get('provisioner')} of class {class_name!r} to make a volume."
    return Answer("pvc.provisioner-silent", text, f"storageclass/{class_name}", "provisioner", "", LIKELY, seen,
                  "If it takes long: is that provisioner installed, and does it run?",
                  "kubectl get pods -A")  # fmt: skip


def _users(world: World, claim: Object) -> list[str]:
    wanted = ("PersistentVolumeClaim", name_of(claim))
    pods = world.list("pods", namespace_of(claim))
    return [label_of(p) for p in pods if any(use[:2] == wanted for use in pod_spec_uses(p["spec"]))]


def _reserved(world: World, claim: Object, seen: tuple[Evidence, ...]) -> Answer | None:
    wanted = claim["spec"]["volumeName"]
    volume = world.get("persistentvolumes", wanted)
    if volume is None:
        if not world.lacks("persistentvolumes", wanted):
            return None
        text = f"{label_of(claim)} demands persistentvolume/{wanted}, which does not exist."
        return _say(
            claim, "pvc.volume-missing", text, "spec.volumeName", "Create the volume, or make a claim without volumeName.", seen
        )
    owner = volume["spec"].get("claimRef") or {}
    if owner and (owner.get("namespace"), owner.get("name")) != (namespace_of(claim), name_of(claim)):
        text = (
            f"{label_of(claim)} demands persistentvolume/{wanted}, which belongs to {owner.get('namespace')}/{owner.get('name')}."
        )
        return _say(claim, "pvc.volume-taken", text, "spec.volumeName", "Demand another volume.", seen)
    reasons = _misfits(claim, volume)
    says = f": {reasons[0][1]}" if reasons else ""
    text = f"{label_of(claim)} demands persistentvolume/{wanted}, and they have not been bound{says}."
    return _say(
        claim,
        "pvc.volume-unsuitable",
        text,
        "spec.volumeName",
        "Make claim and volume agree.",
        seen,
        KNOWN if reasons else LIKELY,
    )


def _static(world: World, claim: Object, wanted: str | None, seen: tuple[Evidence, ...]) -> Answer | None:
    """No provisioner will help: a volume that is there must suit."""
    volumes = world.list("persistentvolumes")
    name, call = label_of(claim), f"class {wanted!r}" if wanted else "no StorageClass"
    if find_volume(claim, volumes) is not None:
        text = f"{name} is not bound yet, but a volume suits it: the controller should bind them."
        return _say(claim, "pvc.binding", text, "spec.volumeName", "Nothing: wait.", seen, LIKELY)
    if wanted is None and not any(_default(c) for c in world.list("storageclasses.storage.k8s.io")) and not volumes:
        text = f"{name} names no StorageClass, there is no default one, and there are no volumes."
        return _say(
            claim, "pvc.no-default-class", text, "spec.storageClassName", "Name a class, or mark one as the default.", seen
        )
    free = [v for v in volumes if not v["spec"].get("claimRef") and not v["metadata"].get("deletionTimestamp")]
    rows = sorted(((len(m), name_of(v), m) for v in free if (m := _misfits(claim, v))), key=lambda row: row[:2])
    if not rows:
        taken = f" ({len(volumes)} there are, all taken)" if volumes else ""
        text = f"{name} has {call}, so it needs a volume that is there already, and none is free{taken}."
        return _say(
            claim,
            "pvc.no-volume",
            text,
            "spec.storageClassName",
            "Create a PersistentVolume that suits, or use a class with a provisioner.",
            seen,
        )
    _, volume, misfits = rows[0]
    text = f"{name} has {call}, and no free volume suits: the nearest, {volume}, " + join(words for _, words in misfits) + "."
    seen = (*seen, *(Evidence(f"persistentvolume/{v}", join(words for _, words in m)) for _, v, m in rows[:5]))
    return _say(
        claim, "pvc.no-suitable-volume", text, f"spec.{misfits[0][0]}", "Change the claim (make a new one) or the volume.", seen
    )


def _default(storage_class: Object) -> bool:
    return bool((storage_class["metadata"].get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class") == "true")


def _misfits(claim: Object, volume: Object) -> list[tuple[str, str]]:
    """Return (field of the claim, words) for everything in which a volume does not suit; what is bound by matching is in
    `volume_matching`: this says it in words."""
    wanted, offered, found = claim["spec"], volume["spec"], []
    size = ((wanted.get("resources") or {}).get("requests") or {}).get("storage", "0")
    has = (offered.get("capacity") or {}).get("storage", "0")
    if (wanted.get("storageClassName") or "") != (offered.get("storageClassName") or ""):
        found.append(("storageClassName", f"has class {offered.get('storageClassName') or 'none'!r}"))
    if parse_quantity(size) > parse_quantity(has):
        found.append(("resources.requests.storage", f"has {has}, less than the {size} asked for"))
    lacking = [m for m in wanted.get("accessModes") or () if m not in (offered.get("accessModes") or ())]
    if lacking:
        found.append(("accessModes", f"does not offer {join(lacking)}"))
    if wanted.get("volumeMode", "Filesystem") != offered.get("volumeMode", "Filesystem"):
        found.append(("volumeMode", f"is of mode {offered.get('volumeMode', 'Filesystem')}"))
    if wanted.get("selector") and not found and find_volume(claim, [{**volume, "status": {}}]) is None:
        found.append(("selector", "has not the labels that the claim's selector wants"))
    return found


def _say(
    claim: Object, verdict: str, text: str, field: str, change: str, seen: tuple[Evidence, ...] = (), sure: Confidence = KNOWN,
    command: str = "",
) -> Answer:  # fmt: skip
    name, where = label_of(claim), namespace_of(claim)
    return Answer(verdict, text, name, field, where, sure, seen, change, command or kubectl(f"describe {name}", where))


def _claim(world: World, claim: Object) -> Answer:
    answer = _resizing(claim) or _unbound(world, claim)
    if answer is not None:
        return answer
    volume = claim["spec"].get("volumeName", "")
    return _say(claim, "pvc.healthy", f"{label_of(claim)} is bound to persistentvolume/{volume}.", "status.phase", "")


def _resizing(claim: Object) -> Answer | None:
    status = claim.get("status") or {}
    asked = ((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage")
    has = (status.get("capacity") or {}).get("storage")
    if status.get("phase") != "Bound" or not (asked and has) or parse_quantity(asked) <= parse_quantity(has):
        return None
    waiting = any(c["type"] == "FileSystemResizePending" and c["status"] == "True" for c in status.get("conditions") or ())
    text = f"{label_of(claim)} asks for {asked} and has {has}: " + (
        "the file system grows when a pod uses it next." if waiting else "the storage has not grown it yet."
    )
    return _say(
        claim,
        "pvc.resizing",
        text,
        "spec.resources.requests.storage",
        "Restart the pod that uses it." if waiting else "Wait.",
        sure=KNOWN if waiting else LIKELY,
    )


def _volume(world: World, volume: Object) -> Answer:
    name, phase = label_of(volume), (volume.get("status") or {}).get("phase")
    owner = volume["spec"].get("claimRef") or {}
    if phase == "Released":
        former = f"{owner.get('namespace')}/{owner.get('name')}"
        text = f"{name} belonged to the claim {former}, which is gone; reclaim policy Retain keeps the volume with its data."
        return Answer(
            "pv.released",
            text,
            name,
            "spec.claimRef",
            "",
            KNOWN,
            (),
            "Save the data, then remove claimRef, so that it can be used again.",
            f'kubectl patch {name} --type=json -p \'[{{"op":"remove","path":"/spec/claimRef"}}]\'',
        )
    if phase == "Failed":
        message = (volume.get("status") or {}).get("message", "")
        return Answer("pv.failed", f"{name} could not be reclaimed: {clause(message)}.", name, "status.message", "", KNOWN, (),
                      "Correct what the message names, or delete the volume by hand.", f"kubectl describe {name}")  # fmt: skip
    text = f"{name} is {phase}" + (f" to {owner['namespace']}/{owner['name']}." if owner else ": no claim wants it yet.")
    return Answer("pv.healthy", text, name, "status.phase")


DIAGNOSERS = (_claim,)
VOLUME_DIAGNOSERS = (_volume,)
