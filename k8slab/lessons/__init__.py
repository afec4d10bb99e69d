"""Lessons: exercises with checks of the cluster's state, staged hints, predictions, faults to repair, progress.

`lab` opens one. The content of lab NN (what its notebook refers to by id) is the module ``labNN``.
"""

from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz
from k8slab.lessons.lab import Lab, content_of, lab
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
    "lab",
]
