"""What `why` answers: a verdict, who is responsible, what was seen, what would have to change, what to type next.

An answer is a value. It says how sure it is: **known** (it follows from what was seen), **likely** (the usual reason for what
was seen, or something that matters could not be seen), **unknown** (no reason was found; guessing would be worse).
"""

from dataclasses import dataclass, replace
from typing import Literal

from k8slab.client.tables import Table
from k8slab.explain.rendering import answer_html, answer_text

__all__ = ["HEALTHY", "KNOWN", "LIKELY", "UNKNOWN", "Answer", "Confidence", "Evidence"]

Confidence = Literal["known", "likely", "unknown"]
KNOWN: Confidence = "known"
LIKELY: Confidence = "likely"
UNKNOWN: Confidence = "unknown"

#: The verdict of everything that is as it should be.
HEALTHY = "healthy"


@dataclass(frozen=True)
class Evidence:
    """One thing that was seen: where (object and field, or event), and what."""

    where: str
    text: str


@dataclass(frozen=True)
class Answer:
    """The answer to one question; shows as text in a terminal and as HTML in a notebook.

    Parameters
    ----------
    verdict
        A stable id such as ``pod.image.not-found``: what tests and checks compare.
    sentence
        The answer in one sentence.
    object, field
        What is responsible, as kubectl names it (``deployment/web``), and the field that would have to change.
    namespace
        Of the responsible object, "" if it has none.
    confidence
        ``known``, ``likely`` or ``unknown``.
    evidence
        What was seen.
    change
        What would have to change, in a sentence.
    command
        What to type next.
    gaps
        What could not be seen, and why.
    table
        Details by node, step, pod …
    question
        What was asked; filled in by `why`.
    """

    verdict: str
    sentence: str
    object: str = ""
    field: str = ""
    namespace: str = ""
    confidence: Confidence = KNOWN
    evidence: tuple[Evidence, ...] = ()
    change: str = ""
    command: str = ""
    gaps: tuple[str, ...] = ()
    table: Table | None = None
    question: str = ""

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong."""
        return self.verdict.rpartition(".")[2] == HEALTHY

    def with_evidence(self, *more: Evidence | None) -> "Answer":
        """Return the answer with more evidence before its own."""
        return replace(self, evidence=(*(e for e in more if e is not None), *self.evidence))

    def text(self) -> str:
        """Return the answer for a terminal.

        >>> print(Answer("pod.healthy", "pod/web is Running and Ready.", question="pod/web").text())
        pod/web is Running and Ready.
        """
        return answer_text(self)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        """Show the text, as a notebook's plain form does."""
        return self.text()

    def _repr_html_(self) -> str:
        return answer_html(self)
