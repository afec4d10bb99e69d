"""What an exercise is: a task, a judgement of the cluster's state, two hints.

A check looks at the cluster, never at the way there: kubectl, Python, YAML and any other tool are equally right. It is a
generator of findings, each one sentence that is true ("pod/rooms is Ready") or says what is missing and where to look.
"""

import html
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from k8slab.client import Cluster
from k8slab.errors import K8slabError

__all__ = ["Check", "Exercise", "Fault", "Finding", "LabContent", "Prediction", "Verdict", "holds", "missing"]


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
    """One exercise of a lab; its id is ``lab.number``."""

    id: str
    title: str
    check: Check
    hints: tuple[str, str]


@dataclass(frozen=True)
class Prediction:
    """A question asked before something is shown; ``answer`` is the index of the right option."""

    id: str
    question: str
    options: tuple[str, ...]
    answer: int
    why: str


@dataclass(frozen=True)
class Fault:
    """Something that a lab breaks on purpose: what it says it did, and how."""

    id: str
    story: str
    inject: Callable[[Cluster], None]


@dataclass(frozen=True)
class LabContent:
    """All that a lab's notebook refers to by id."""

    id: str
    title: str
    exercises: tuple[Exercise, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    faults: tuple[Fault, ...] = ()

    def exercise(self, key: str) -> Exercise:
        """Return the exercise with this id ("01.2", or just "2")."""
        return _by_id(self.id, {e.id: e for e in self.exercises}, key, "exercise")

    def prediction(self, key: str) -> Prediction:
        """Return the prediction with this id."""
        return _by_id(self.id, {p.id: p for p in self.predictions}, key, "prediction")

    def fault(self, key: str) -> Fault:
        """Return the fault with this id."""
        return _by_id(self.id, {f.id: f for f in self.faults}, key, "fault")


T = TypeVar("T")


def _by_id(lab: str, known: Mapping[str, T], key: str, what: str) -> T:
    found = known.get(key) or known.get(f"{lab}.{key}")
    if found is None:
        raise K8slabError(f"Lab {lab} has no {what} {key!r}. It has {', '.join(known)}.")
    return found


@dataclass(frozen=True)
class Verdict:
    """The judgement of an exercise; shows as text or HTML."""

    exercise: Exercise
    findings: tuple[Finding, ...]

    @property
    def done(self) -> bool:
        """Whether all is as it should be."""
        return bool(self.findings) and all(f.ok for f in self.findings)

    def __repr__(self) -> str:
        """Say what is right, what is missing and where to look."""
        lines = [f"Exercise {self.exercise.id}: {'done' if self.done else 'not yet'}. {self.exercise.title}"]
        for finding in self.findings:
            lines.append(f"  {'✓' if finding.ok else '✗'} {finding.text}")
            if finding.look:
                lines.append(f"    look: {finding.look}")
        if not self.done:
            lines.append(f'  stuck? lab.hint("{self.exercise.id}")')
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colour, word = ("#009e73", "done") if self.done else ("#d55e00", "not yet")
        rows = "".join(_finding_html(f) for f in self.findings)
        help_line = "" if self.done else f'<p>Stuck? <code>lab.hint("{self.exercise.id}")</code></p>'
        return (
            f'<div style="border-left: 5px solid {colour}; padding: 2px 12px"><p><b>Exercise {self.exercise.id}: {word}.</b> '
            f"{html.escape(self.exercise.title)}</p><ul>{rows}</ul>{help_line}</div>"
        )


def _finding_html(finding: Finding) -> str:
    sign, word = ("✓", "right") if finding.ok else ("✗", "missing")
    look = f"<br>look: <code>{html.escape(finding.look)}</code>" if finding.look else ""
    return f'<li><span role="img" aria-label="{word}">{sign}</span> {html.escape(finding.text)}{look}</li>'
