"""What a lab is made of: exercises, predictions, quizzes, faults. All of it is data, beside the checks.

A check looks at the cluster, never at the way there: kubectl, Python, YAML and any other tool are equally right. It is a
generator of findings, each one sentence that is true ("pod/rooms is Ready") or says what is missing and where to look.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from k8slab.client import Cluster
from k8slab.errors import K8slabError

__all__ = [
    "Break",
    "Check",
    "Exercise",
    "Fault",
    "Finding",
    "LabContent",
    "Option",
    "Prediction",
    "Quiz",
    "chosen",
    "holds",
    "missing",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """One thing that a check found; ``soon`` if it may come right by itself in a moment (a pod that starts)."""

    ok: bool
    text: str
    look: str = ""
    soon: bool = False


def holds(text: str) -> Finding:
    """Return a finding that something is as it should be."""
    return Finding(True, text)


def missing(text: str, look: str = "", *, soon: bool = False) -> Finding:
    """Return a finding that something is not as it should be, with the command that shows more."""
    return Finding(False, text, look, soon)


Check: TypeAlias = Callable[[Cluster], Iterable[Finding]]


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lab.

    Attributes
    ----------
    id
        ``lab.number``.
    title
        The task, in a sentence.
    check
        Judges the cluster.
    hints
        A nudge (what to think about) and a pointer (where to look, which field).
    solution
        Python of a notebook cell that solves it; the solved copy of the notebook has it in the exercise's cell.
    reason
        Why that is a solution; shown with it, as the last hint.
    owns
        The objects that belong to the exercise (``pod/rooms``); its reset deletes them.
    fault
        The fault that the exercise begins with; its reset breaks it again.
    patience
        Seconds of the cluster's time that a check waits for what is just starting, where that takes longer than usual.
    begin
        Puts back what the exercise changes and does not own, at its reset; returns a sentence about it.
    needs
        The capabilities without which it cannot be solved on a cluster (``metrics``).
    """

    id: str
    title: str
    check: Check
    hints: tuple[str, str]
    solution: str
    reason: str
    owns: tuple[str, ...] = ()
    fault: str = ""
    patience: float = 0
    begin: Callable[[Cluster], str] | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """A question asked before something is shown; ``answer`` is the index of the right option."""

    id: str
    question: str
    options: tuple[str, ...]
    answer: int
    why: str


@dataclass(frozen=True)
class Option:
    """One answer of a quiz, and why it is right or not."""

    text: str
    why: str
    right: bool = False


def chosen(options: Sequence[T], number: int) -> T:
    """Return the option of a number, counted from 1.

    Raises
    ------
    K8slabError
        If there is no such option.
    """
    if number not in range(1, len(options) + 1):
        raise K8slabError(f"There is no option {number!r}: choose 1 to {len(options)}.")
    return options[number - 1]


@dataclass(frozen=True)
class Quiz:
    """A question about what has been seen; each option has its reason."""

    id: str
    question: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Break:
    """One way in which a fault breaks something.

    Attributes
    ----------
    inject
        Does it.
    debrief
        What was broken, by which signs it shows, and how one finds it; told when it has been repaired.
    """

    inject: Callable[[Cluster], None]
    debrief: str


@dataclass(frozen=True)
class Fault:
    """Something that a lab breaks on purpose.

    Attributes
    ----------
    id
        ``lab.name``.
    story
        What a user of chatter would tell you; the same for every way it can be broken.
    ways
        The ways it can be broken; one is chosen by the learner's seed, another the next time.
    exercise
        The exercise that asks for the repair.
    """

    id: str
    story: str
    ways: tuple[Break, ...]
    exercise: str = ""


@dataclass(frozen=True)
class LabContent:
    """All that a lab's notebook refers to by id.

    Attributes
    ----------
    syllabus
        The lines of the syllabus that the lab teaches.
    node_keys
        Keys of the labels and taints that the lab's exercises put on nodes; a reset takes them off.
    owns
        What the lab makes outside its namespace (``priorityclass/chatter-vip``); a reset deletes it.
    system
        Deployments of kube-system that the lab scales to zero, and how many replicas a reset gives them again.
    reading
        What to read next: pairs of title and address in the official documentation.
    needs
        The capabilities without which a cluster can show nothing of the lab.
    """

    id: str
    title: str
    exercises: tuple[Exercise, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    faults: tuple[Fault, ...] = ()
    quizzes: tuple[Quiz, ...] = ()
    syllabus: tuple[str, ...] = ()
    node_keys: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    system: tuple[tuple[str, int], ...] = ()
    reading: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()

    def exercise(self, key: str) -> Exercise:
        """Return the exercise with this id ("01.2", or just "2")."""
        return _by_id(self.id, {e.id: e for e in self.exercises}, key, "exercise")

    def prediction(self, key: str) -> Prediction:
        """Return the prediction with this id."""
        return _by_id(self.id, {p.id: p for p in self.predictions}, key, "prediction")

    def quiz(self, key: str) -> Quiz:
        """Return the quiz with this id."""
        return _by_id(self.id, {q.id: q for q in self.quizzes}, key, "quiz")

    def fault(self, key: str) -> Fault:
        """Return the fault with this id."""
        return _by_id(self.id, {f.id: f for f in self.faults}, key, "fault")


def _by_id(lab: str, known: Mapping[str, T], key: str, what: str) -> T:
    found = known.get(key) or known.get(f"{lab}.{key}")
    if found is None:
        raise K8slabError(f"Lab {lab} has no {what} {key!r}. It has {', '.join(known) or 'none'}.")
    return found
