"""Ask before showing: a question with options, answered in the notebook and remembered until the reveal."""

import html
from typing import Any

import ipywidgets
from IPython.display import display

from k8slab.lessons.exercise import Prediction, chosen
from k8slab.lessons.progress import Progress
from k8slab.lessons.words import Words

__all__ = ["Question", "Reveal"]


class Question:
    """Shows a prediction's question; options can be clicked where widgets work, and are listed everywhere."""

    def __init__(self, prediction: Prediction, progress: Progress) -> None:
        self._prediction = prediction
        self._progress = progress

    def __repr__(self) -> str:
        """List the options."""
        options = "\n".join(f"  {n}. {text}" for n, text in enumerate(self._prediction.options, 1))
        return f'Predict: {self._prediction.question}\n{options}\n(or say lab.predict("{self._prediction.id}", NUMBER))'

    def answer(self, number: int) -> str:
        """Record an answer given by its number."""
        option = chosen(self._prediction.options, number)
        self._progress.record_prediction(self._prediction.id, number - 1)
        return f"You predict: {option}"

    def _ipython_display_(self) -> None:
        display({"text/plain": repr(self), "text/html": self._html()}, raw=True)
        display({"application/vnd.jupyter.widget-view+json": _view(self._widget())}, raw=True)

    def _html(self) -> str:
        options = "".join(f"<li>{html.escape(o)}</li>" for o in self._prediction.options)
        return f"<p><b>Predict:</b> {html.escape(self._prediction.question)}</p><ol>{options}</ol>"

    def _widget(self) -> ipywidgets.Widget:
        choice = ipywidgets.ToggleButtons(
            options=[(str(n + 1), n) for n in range(len(self._prediction.options))],
            value=self._progress.predicted(self._prediction.id),
            description="I say",
            style={"button_width": "3em"},
        )
        choice.observe(lambda change: self._progress.record_prediction(self._prediction.id, change["new"]), "value")
        return choice


def _view(widget: Any) -> dict[str, Any]:
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}


class Reveal(Words):
    """The right answer with its reason, and what the learner had said."""

    def __init__(self, prediction: Prediction, progress: Progress) -> None:
        choice = progress.predicted(prediction.id)
        lines = [f"Answer: {prediction.options[prediction.answer]}", prediction.why]
        if choice is not None:
            right = choice == prediction.answer
            lines.insert(0, f"You said: {prediction.options[choice]} ({'right' if right else 'not so'})")
        super().__init__(*lines)
