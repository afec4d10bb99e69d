"""From a workload to the pod that shows what is wrong with it, and back to one answer about the workload."""

from collections.abc import Sequence
from dataclasses import replace

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.explain.answer import LIKELY, UNKNOWN, Answer, Confidence, Evidence
from k8slab.explain.kinds import label_of
from k8slab.explain.pods import DIAGNOSERS
from k8slab.explain.wording import condition, kubectl
from k8slab.explain.world import World
from k8slab.topology.status import pod_status

__all__ = ["by_pods", "owned_pods", "pod_answer", "say", "unknown", "unready", "waiting"]

_WORST = ("pod.crash", "pod.image", "pod.config", "pod.start.", "pod.volume", "pod.scheduling", "pod.sandbox", "pod.node", "pvc.")


def say(
    workload: Object, verdict: str, text: str, field: str, change: str = "", seen: tuple[Evidence, ...] = (),
    sure: Confidence = "known", command: str = "",
) -> Answer:  # fmt: skip
    """Return an answer whose responsible object is the workload itself."""
    name, where = label_of(workload), namespace_of(workload)
    return Answer(f"{workload['kind'].lower()}.{verdict}", text, name, field, where, sure, seen, change,
                  command or kubectl(f"describe {name}", where))  # fmt: skip


def owned_pods(world: World, owner: Object) -> list[Object]:
    """Return the pods that an object controls, by name."""
    return sorted(world.owned("pods", owner), key=name_of)


def unready(pods: Sequence[Object]) -> list[Object]:
    """Return the pods that are not Ready and not being deleted."""
    return [p for p in pods if condition(p, "Ready").get("status") != "True" and not p["metadata"].get("deletionTimestamp")]


def pod_answer(world: World, pod: Object) -> Answer:
    """Return the answer about one pod."""
    return next(answer for answer in (d(world, pod) for d in DIAGNOSERS) if answer is not None)


def by_pods(world: World, workload: Object, pods: Sequence[Object], stands: str) -> Answer | None:
    """Answer for a workload by what is wrong with its pods: the worst of the first few that are not ready.

    Parameters
    ----------
    world, workload
        What it is about.
    pods
        Those that should be ready.
    stands
        How the workload stands: the beginning of the sentence.
    """
    bad = unready(pods)
    if not bad:
        return None
    answers = [(pod, pod_answer(world, pod)) for pod in bad[:4]]
    pod, inner = min(answers, key=lambda pair: _rank(pair[1]))
    seen = Evidence(f"{label_of(pod)} status", pod_status(pod))
    about = "" if label_of(pod) in inner.sentence else f"{label_of(pod)}: "
    return replace(inner, sentence=f"{stands} {about}{inner.sentence}").with_evidence(seen)


def _rank(answer: Answer) -> tuple[bool, int]:
    place = next((i for i, prefix in enumerate(_WORST) if answer.verdict.startswith(prefix)), len(_WORST))
    return answer.confidence == UNKNOWN, place


def unknown(workload: Object, text: str) -> Answer:
    """Return that the reason is not known."""
    return replace(say(workload, "unknown", text, "status", sure=UNKNOWN), verdict="unknown")


def waiting(workload: Object, text: str, field: str = "status") -> Answer:
    """Return that it is under way."""
    return say(workload, "progressing", text, field, "Nothing: wait.", sure=LIKELY,
               command=kubectl(f"rollout status {label_of(workload)}", namespace_of(workload)))  # fmt: skip
