"""The situations of `situations/*.yaml`: what is asked about which objects, and the right answer."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml

from k8slab.apimachinery.types import Object
from k8slab.explain import Answer, diagnose
from k8slab.explain.question import Found, Question, built_in, parse
from k8slab.explain.snapshot import Snapshot

FOLDER = Path(__file__).parent / "situations"


@dataclass(frozen=True)
class Case:
    """One situation."""

    area: str
    name: str
    ask: str
    answer: dict[str, str]
    snapshot: Snapshot

    def ask_now(self, snapshot: Snapshot | None = None) -> Answer:
        """Return what `diagnose` answers (to another snapshot)."""
        return diagnose(self.question, snapshot or self.snapshot)

    @property
    def question(self) -> Question:
        """The question, in a cluster that has one custom resource too."""
        return parse(self.ask, "chat", _resolve)

    def right(self, answer: Answer) -> bool:
        """Whether an answer is the right one; ``*`` stands for a generated part of a name."""
        found = {"verdict": answer.verdict, "confidence": answer.confidence, "object": answer.object, "field": answer.field}
        return all(fnmatchcase(found[key], wanted.replace("[", "[[]")) for key, wanted in self.answer.items() if wanted)


def _resolve(name: str) -> Found:
    return Found("chatrooms.example.com", "chatroom", True) if name == "chatrooms" else built_in(name)


@cache
def cases() -> list[Case]:
    """Return all situations, in the order of their files."""
    return [case for path in sorted(FOLDER.glob("*.yaml")) for case in _read(path)]


def _read(path: Path) -> list[Case]:
    document = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    objects: list[Object] = document.get("objects") or []
    found = []
    for case in document["cases"]:
        chosen = [objects[o] if isinstance(o, int) else o for o in case["objects"]]
        snapshot = Snapshot.of(chosen, float(case.get("now", 0)))
        for resource in case.get("unseen") or ():
            snapshot = snapshot.without(resource)
        found.append(Case(path.stem, case["name"], case["ask"], case["answer"], snapshot))
    return found
