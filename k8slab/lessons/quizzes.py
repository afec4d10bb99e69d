"""A question about what has been seen: answered at once, each answer with its reason."""

import html
from typing import Any

import ipywidgets
from IPython.display import display

from k8slab.lessons.exercise import Option, Quiz, chosen
from k8slab.lessons.progress import Progress

__all__ = ["QuizView", "judge"]


def judge(quiz: Quiz, number: int) -> tuple[Option, str]:
    """Return the option of a number, counted from 1, and what is said to whoever chose it.

    Raises
    ------
    K8slabError
        If there is no such option.
    """
    option = chosen(quiz.options, number)
    return option, f"{number}. {option.text}: {'right' if option.right else 'no'}. {option.why}"


class QuizView:
    """Shows a quiz; options can be clicked where widgets work, and are listed everywhere."""

    def __init__(self, quiz: Quiz, progress: Progress) -> None:
        self._quiz, self._progress = quiz, progress

    def __repr__(self) -> str:
        """List the options."""
        options = "\n".join(f"  {n}. {option.text}" for n, option in enumerate(self._quiz.options, 1))
        return f'Quiz: {self._quiz.question}\n{options}\n(or say lab.quiz("{self._quiz.id}", NUMBER))'

    def answer(self, number: int) -> str:
        """Record an answer given by its number; return whether it is right, and why."""
        option, said = judge(self._quiz, number)
        self._progress.record_quiz(self._quiz.id, number - 1, option.right)
        return said

    def _ipython_display_(self) -> None:
        items = "".join(f"<li>{html.escape(option.text)}</li>" for option in self._quiz.options)
        page = f"<p><b>Quiz:</b> {html.escape(self._quiz.question)}</p><ol>{items}</ol>"
        display({"text/plain": repr(self), "text/html": page}, raw=True)
        view = {"version_major": 2, "version_minor": 0, "model_id": self._widget().model_id}
        display({"application/vnd.jupyter.widget-view+json": view}, raw=True)

    def _widget(self) -> Any:
        numbers = ipywidgets.ToggleButtons(
            options=[(str(n + 1), n + 1) for n in range(len(self._quiz.options))],
            value=None,
            description="I say",
            style={"button_width": "3em"},
        )
        said = ipywidgets.HTML()

        def chosen(change: dict[str, Any]) -> None:
            said.value = html.escape(self.answer(change["new"]))

        numbers.observe(chosen, "value")
        return ipywidgets.VBox([numbers, said])
