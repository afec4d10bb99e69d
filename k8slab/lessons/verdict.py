"""The judgement of an exercise: what is right, what is missing, where to look; as text and as HTML."""

import html
from dataclasses import dataclass

from k8slab.lessons.exercise import Exercise, Finding

__all__ = ["Verdict", "in_namespace"]


_CLUSTER_WIDE = {"node", "nodes", "namespace", "namespaces", "csr", "clusterrole", "clusterroles"}


@dataclass(frozen=True)
class Verdict:
    """The judgement of an exercise; shows as text or HTML. What it says to look at can be copied into a terminal as it is."""

    exercise: Exercise
    findings: tuple[Finding, ...]
    namespace: str = ""

    @property
    def done(self) -> bool:
        """Whether all is as it should be."""
        return bool(self.findings) and all(f.ok for f in self.findings)

    @property
    def may_come(self) -> bool:
        """Whether all that is missing may come right by itself in a moment."""
        return not self.done and all(f.ok or f.soon for f in self.findings)

    def __repr__(self) -> str:
        """Say what is right, what is missing and where to look."""
        lines = [f"Exercise {self.exercise.id}: {'done' if self.done else 'not yet'}. {self.exercise.title}"]
        for finding in self.findings:
            lines.append(f"  {'✓' if finding.ok else '✗'} {finding.text}")
            if finding.look:
                lines.append(f"    look: {in_namespace(finding.look, self.namespace)}")
        if not self.done:
            lines.append(f'  stuck? lab.hint("{self.exercise.id}")')
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        colour, word = ("#009e73", "done") if self.done else ("#d55e00", "not yet")
        rows = "".join(_finding_html(f, self.namespace) for f in self.findings)
        help_line = "" if self.done else f'<p>Stuck? <code>lab.hint("{self.exercise.id}")</code></p>'
        return (
            f'<div style="border-left: 5px solid {colour}; padding: 2px 12px"><p><b>Exercise {self.exercise.id}: {word}.</b> '
            f"{html.escape(self.exercise.title)}</p><ul>{rows}</ul>{help_line}</div>"
        )


def in_namespace(look: str, namespace: str) -> str:
    """Return a kubectl command with the namespace it is meant for; others, and those that name one, stay.

    >>> in_namespace("kubectl get pods", "lab-01"), in_namespace("kubectl get pods -n x", "lab-01")
    ('kubectl -n lab-01 get pods', 'kubectl get pods -n x')
    """
    words = look.split()
    named = {"-n", "-A", "--all-namespaces", "--namespace"} & {word.partition("=")[0] for word in words}
    everywhere = _CLUSTER_WIDE & set(words[2:3])
    if not namespace or words[:1] != ["kubectl"] or named or everywhere:
        return look
    return f"kubectl -n {namespace} {look.removeprefix('kubectl ')}"


def _finding_html(finding: Finding, namespace: str) -> str:
    sign, word = ("✓", "right") if finding.ok else ("✗", "missing")
    look = f"<br>look: <code>{html.escape(in_namespace(finding.look, namespace))}</code>" if finding.look else ""
    return f'<li><span role="img" aria-label="{word}">{sign}</span> {html.escape(finding.text)}{look}</li>'
