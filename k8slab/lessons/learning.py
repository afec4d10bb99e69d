"""What a learner does in a lab beside working on the cluster: predict, answer, be checked, take hints, repair, look back."""

import os
import random
from typing import Any

from IPython.display import display
from kubernetes.client.exceptions import ApiException

from k8slab.client import Cluster, Table
from k8slab.client.errors import sentence
from k8slab.errors import K8slabError
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, missing
from k8slab.lessons.predictions import Question, Reveal
from k8slab.lessons.progress import Progress
from k8slab.lessons.quizzes import QuizView
from k8slab.lessons.summary import Debrief
from k8slab.lessons.verdict import Verdict
from k8slab.lessons.words import Program, Words, patience

__all__ = ["Learning", "chosen_way"]

_PATIENCE = {"stepped": 120.0, "accelerated": 60.0, "real": 12.0}  # cluster's seconds a check waits for what starts


class Learning:
    """The learner's side of a `k8slab.lessons.lab.Lab`."""

    content: LabContent
    cluster: Cluster
    progress: Progress

    def predict(self, key: str, number: int | None = None) -> Any:
        """Ask a question before something is shown; answer by a click or by its number."""
        question = Question(self.content.prediction(key), self.progress)
        return question if number is None else display(Words(question.answer(number)))

    def reveal(self, key: str) -> Reveal:
        """Show a question's answer with its reason."""
        return Reveal(self.content.prediction(key), self.progress)

    def quiz(self, key: str, number: int | None = None) -> Any:
        """Ask about what has been seen; answer by a click or by its number, and read why."""
        view = QuizView(self.content.quiz(key), self.progress)
        return view if number is None else display(Words(view.answer(number)))

    def check(self, key: str) -> Verdict:
        """Judge an exercise by the cluster's state; waits a little for what is just starting."""
        exercise = self.content.exercise(key)
        clock = self.cluster.clock
        verdict = self._judge(exercise)

        def settled() -> bool:
            nonlocal verdict
            verdict = self._judge(exercise)
            return verdict.done or not verdict.may_come

        if verdict.may_come:
            seconds = float(os.environ.get("K8SLAB_PATIENCE") or max(_PATIENCE[clock.mode], exercise.patience))
            with patience("not yet; perhaps something is just starting: looking again for {} s at most …") as tick:
                clock.until(settled, seconds, tick)
        self.progress.record_check(exercise.id, verdict.done)
        if verdict.done and exercise.fault:
            self.progress.record_repair(self.content.fault(exercise.fault).id)
        return verdict

    def _judge(self, exercise: Exercise) -> Verdict:
        findings: list[Finding] = []
        try:
            findings.extend(exercise.check(self.cluster))
        except ApiException as error:
            if error.status != 403:
                raise
            findings.append(missing(f"your rights do not suffice to judge this. {sentence(error)}", "kubectl auth can-i --list"))
        if exercise.fault and not self.progress.broken(self.content.fault(exercise.fault).id):
            findings.append(missing(f'nothing has been broken yet: lab.break_it("{exercise.fault}") comes first'))
        return Verdict(exercise, tuple(findings), self.cluster.namespace)

    def hint(self, key: str) -> None:
        """Show the next hint of an exercise: a nudge, a pointer, and at last the solution with its reason."""
        exercise = self.content.exercise(key)
        stages = _stages(exercise)
        stage = min(self.progress.hints(exercise.id) + 1, len(stages))
        self.progress.record_hint(exercise.id, stage)
        first, *others = stages[stage - 1]
        display(Words(f"Hint {stage} of {len(stages)} for {exercise.id}. {first}", *others))

    def break_it(self, key: str) -> None:
        """Break something on purpose, and tell what a user of chatter would tell you; each time in another way."""
        fault = self.content.fault(key)
        way = chosen_way(fault, self.progress.seed(), self.progress.broken(fault.id) + 1)
        try:
            way.inject(self.cluster)
        except ApiException as error:
            if error.status != 404:
                raise
            said = f"What this breaks is not there yet. Run the cells further up first. ({sentence(error)})"
            raise K8slabError(said) from error
        self.progress.record_fault(fault.id)
        display(Words(fault.story))

    def debrief(self, key: str | None = None) -> Any:
        """Look back: on a fault that has been repaired, or (without a name) on the whole lab."""
        if key is None:
            return Debrief(self.content, self.progress)
        fault = self.content.fault(key)
        if not self.progress.broken(fault.id):
            return print(f'Nothing is broken yet: lab.break_it("{key}") comes first.')
        repaired = self.progress.repaired(fault.id)
        if fault.exercise and not (self.progress.done(fault.exercise) if repaired is None else repaired):
            return print(f'First repair it: lab.check("{fault.exercise}") says what is missing.')
        return display(Words(self._way(fault).debrief))

    def score(self) -> Table:
        """Show which exercises of this lab are done."""
        rows = tuple(
            (e.id, e.title, "done" if self.progress.done(e.id) else "open", str(self.progress.hints(e.id)))
            for e in self.content.exercises
        )
        return Table(("EXERCISE", "TASK", "STATE", "HINTS"), rows, f"Lab {self.content.id}")

    def _way(self, fault: Fault) -> Break:
        return chosen_way(fault, self.progress.seed(), self.progress.broken(fault.id))


def chosen_way(fault: Fault, seed: str, time: int) -> Break:
    """Return the way in which a fault breaks things the n-th time: by the learner's seed, and every way in turn."""
    order = list(fault.ways)
    random.Random(f"{seed}-{fault.id}").shuffle(order)
    return order[(time - 1) % len(order)]


def _stages(exercise: Exercise) -> tuple[tuple[str, ...], ...]:
    nudge, pointer = exercise.hints
    return (nudge,), (pointer,), ("A solution:", Program(exercise.solution.strip()), exercise.reason)
