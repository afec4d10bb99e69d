"""Lessons: exercises with checks of the cluster's state, staged hints, predictions, faults to repair, progress.

`lab` opens one. The content of lab NN (what its notebook refers to by id) is the module ``labNN``.
"""

from k8slab.lessons.exercise import Exercise, Fault, Finding, LabContent, Prediction, Verdict
from k8slab.lessons.lab import Lab, lab
from k8slab.lessons.progress import Progress

__all__ = ["Exercise", "Fault", "Finding", "Lab", "LabContent", "Prediction", "Progress", "Verdict", "lab"]
