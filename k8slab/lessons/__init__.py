"""Lessons: exercises with checks of the cluster's state, staged hints, predictions, faults to repair, progress.

`k8slab.lab` opens one. The content of lab NN (what its notebook refers to by id) is the module ``labNN``. The names are
fetched when they are first used: who wants the learner's progress only does not wait for the widgets.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz
    from k8slab.lessons.lab import Lab, content_of
    from k8slab.lessons.progress import Progress
    from k8slab.lessons.verdict import Verdict

__all__ = [
    "Break",
    "Exercise",
    "Fault",
    "Finding",
    "Lab",
    "LabContent",
    "Option",
    "Prediction",
    "Progress",
    "Quiz",
    "Verdict",
    "content_of",
]

_HOME = {"Lab": "lab", "content_of": "lab", "Progress": "progress", "Verdict": "verdict"}


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"k8slab.lessons.{_HOME.get(name, 'exercise')}"), name)
    raise AttributeError(f"module 'k8slab.lessons' has no attribute {name!r}")
