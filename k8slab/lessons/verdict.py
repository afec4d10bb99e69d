"""The judgement of an exercise: what is right, what is missing, where to look; as text and as HTML."""

import html
from dataclasses import dataclass

from k8slab.lessons.exercise import Exercise, Finding

__all__ = ["Verdict"]


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
