"""ConfigMaps and Secrets that a pod names and that are not there, or have not the key."""

from dataclasses import dataclass

from k8slab.apimachinery.types import Object, name_of, namespace_of
from k8slab.explain.answer import KNOWN, Answer, Confidence, Evidence
from k8slab.explain.blame import Author
from k8slab.explain.wording import kubectl
from k8slab.explain.world import World

__all__ = ["RESOURCES", "Missing", "missing_answer", "near"]

RESOURCES = {"ConfigMap": "configmaps", "Secret": "secrets", "PersistentVolumeClaim": "persistentvolumeclaims",
             "ServiceAccount": "serviceaccounts"}  # fmt: skip


@dataclass(frozen=True)
class Missing:
    """What a pod names, where it names it, and how far it is there."""

    kind: str
    name: str
    field: str  #: below the pod's spec
    key: str = ""

    @property
    def label(self) -> str:
        """As kubectl names it."""
        return f"{self.kind.lower()}/{self.name}"


def near(world: World, missing: Missing, namespace: str) -> str:
    """Return " Did you mean …?" if there is something with nearly that name (Secrets are not listed for this)."""
    from difflib import get_close_matches

    if missing.kind == "Secret":
        return ""
    names = [name_of(o) for o in world.peek(RESOURCES[missing.kind], namespace)]
    close = get_close_matches(missing.name, [n for n in names if n != missing.name], 1, 0.7)
    return f" There is a {missing.kind.lower()}/{close[0]}." if close else ""


def missing_answer(
    world: World, pod: Object, author: Author, missing: Missing, where: str, seen: tuple[Evidence, ...],
    confidence: Confidence = KNOWN,
) -> Answer:  # fmt: skip
    """Return the answer for something missing that holds a pod up.

    Parameters
    ----------
    world, pod, author
        What it is about.
    missing
        What is not there.
    where
        Part of the verdict: ``config`` (environment) or ``volume``.
    seen, confidence
        The evidence so far, and what it is worth.
    """
    namespace = namespace_of(pod)
    kind = missing.kind.lower()
    if missing.key:
        text = f"{missing.label} exists, but has no key {missing.key!r}, which the pod reads."
        change = f"Add the key to {missing.label}, or correct the key in {author.label}."
        return Answer(f"pod.{where}.{kind}-key-missing", text, missing.label, f"data.{missing.key}", namespace, confidence, seen,
                      change, kubectl(f"describe {missing.label}", namespace))  # fmt: skip
    hint = near(world, missing, namespace)
    text = f"The pod reads {missing.label}, and there is none in namespace {namespace}.{hint}"
    change = f"Create {missing.label} in namespace {namespace}, or correct the name in {author.label}."
    return Answer(
        f"pod.{where}.{kind}-missing",
        text,
        author.label,
        author.field(missing.field),
        author.namespace,
        confidence,
        seen,
        change,
        kubectl(f"get {RESOURCES[missing.kind]}", namespace),
    )
