"""Looking back on a lab: what was done, what was predicted, what to read next; and the page a class leader gets."""

import html
from collections.abc import Iterable

from k8slab.lessons.exercise import LabContent
from k8slab.lessons.progress import Progress

__all__ = ["Debrief", "sign_off_page"]


class Debrief:
    """The end of a lab, as text and as HTML."""

    def __init__(self, content: LabContent, progress: Progress) -> None:
        self._content = content
        self.lines = tuple(_lines(content, progress))

    def __repr__(self) -> str:
        """Say it in words."""
        reading = [f"  {title}: {address}" for title, address in self._content.reading]
        return "\n".join([*self.lines, *(["Read next:", *reading] if reading else [])])

    def _repr_html_(self) -> str:
        lines = "".join(f"<p>{html.escape(line)}</p>" for line in self.lines)
        links = "".join(f'<li><a href="{html.escape(a)}">{html.escape(t)}</a></li>' for t, a in self._content.reading)
        return lines + (f"<p>Read next:</p><ul>{links}</ul>" if links else "")


def _lines(content: LabContent, progress: Progress) -> Iterable[str]:
    done = [e for e in content.exercises if progress.done(e.id)]
    alone = [e for e in done if not progress.hints(e.id)]
    yield f"Lab {content.id}: {len(done)} of {len(content.exercises)} exercises done, {len(alone)} of them without a hint."
    still_open = ", ".join(e.id for e in content.exercises if not progress.done(e.id))
    if still_open:
        yield f"Still open: {still_open}."
    made = [(p, progress.predicted(p.id)) for p in content.predictions]
    said = [(p, choice) for p, choice in made if choice is not None]
    if said:
        right = sum(choice == p.answer for p, choice in said)
        yield f"You predicted {_times(len(said))} and were right {_times(right)}."
        for p, choice in said:
            if choice != p.answer:
                yield f"Surprise: {p.question} {p.why}"
    first = [progress.answered(q.id) for q in content.quizzes]
    if any(answer is not None for answer in first):
        yield f"Quizzes right at the first try: {sum(bool(a) for a in first)} of {len(first)}."


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def sign_off_page(contents: Iterable[LabContent], progress: Progress, name: str = "") -> str:
    """Return a page of HTML that shows a class leader what a learner has done; it loads nothing from elsewhere."""
    rows = []
    for content in contents:
        for exercise in content.exercises:
            state = "done" if progress.done(exercise.id) else "open"
            cells = (exercise.id, exercise.title, state, str(progress.tries(exercise.id)), str(progress.hints(exercise.id)))
            rows.append("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>")
    heading = "k8slab: exercises" + (f" of {html.escape(name)}" if name else "")
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Exercise", "Task", "State", "Tries", "Hints"))
    style = (
        "body{font:16px/1.4 sans-serif;margin:2em;max-width:60em}td,th{padding:.3em .8em;text-align:left;"
        "border-bottom:1px solid #ccc}"
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{heading}</title><style>{style}</style>'
        f"<h1>{heading}</h1><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></html>\n"
    )
