"""Claims of a pod that keep it from being scheduled: missing, not bound, lost."""

from k8slab.apimachinery.types import Object, namespace_of
from k8slab.explain.answer import Answer, Evidence
from k8slab.explain.blame import Author
from k8slab.explain.kinds import label_of
from k8slab.explain.pods.references import Missing, missing_answer
from k8slab.explain.storage import claim_trouble
from k8slab.explain.wording import condition
from k8slab.explain.world import World

__all__ = ["claims"]


def claims(world: World, pod: Object, author: Author) -> Answer | None:
    """Say which claim keeps a pod from having a node."""
    namespace = namespace_of(pod)
    for i, volume in enumerate(pod["spec"].get("volumes") or ()):
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if not name:
            continue
        claim = world.get("persistentvolumeclaims", name, namespace)
        if claim is None:
            if world.lacks("persistentvolumeclaims", name, namespace):
                missing = Missing("PersistentVolumeClaim", name, f"volumes[{i}].persistentVolumeClaim.claimName")
                message = condition(pod, "PodScheduled").get("message", "")
                seen = (Evidence(f"{label_of(pod)} status.conditions[PodScheduled]", message),) if message else ()
                return missing_answer(world, pod, author, missing, "scheduling", seen)
            continue
        trouble = claim_trouble(world, claim)
        if trouble is not None:
            text = f"{label_of(pod)} waits for its claim {name}. {trouble.sentence}"
            return Answer(trouble.verdict, text, trouble.object, trouble.field, trouble.namespace, trouble.confidence,
                          trouble.evidence, trouble.change, trouble.command)  # fmt: skip
    return None
