"""Fairness: every right way to solve an exercise passes, every wrong one fails with the sentence that fits.

`ways/labNN.yaml` has for each exercise:

- ``before``: Python that brings the cluster to where the exercise begins (``lab`` is the lab);
- ``right``: ways that solve it, by name; the solution of the exercise itself is always tried too;
- ``wrong``: ways that do not, by name; each ``do`` (Python) and ``says`` (words of the verdict);
- ``after``: Python that takes away what a way has left outside the lab's namespace.

Each way has a namespace of its own, on one cluster for the whole lab, with a seed and a stepped clock. A mutant is a right
solution with one thing changed (``change: [old, new]``); it is a wrong way like the others.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client.exceptions import ApiException

from k8slab.client import connect
from k8slab.errors import K8slabError
from k8slab.lessons import Lab, LabContent, Progress, content_of
from k8slab.sim.server import ServerConfig, ServerThread

WAYS = Path(__file__).parent / "ways"
LABS = sorted(path.stem.removeprefix("lab") for path in WAYS.glob("lab*.yaml"))


@dataclass(frozen=True)
class Way:
    """One way to go about an exercise; ``says`` is None for a right one."""

    exercise: str
    name: str
    do: str
    says: str | None
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        return f"{self.exercise}-{'right' if self.says is None else 'wrong'}-{self.name}"


def ways_of(lab: str) -> list[Way]:
    given: dict[str, Any] = yaml.safe_load((WAYS / f"lab{lab}.yaml").read_text())
    found = []
    for exercise in content_of(lab).exercises:
        entry = given[exercise.id]
        around = {"before": given.get("before", "") + entry.get("before", ""), "after": entry.get("after", "")}
        found.append(Way(exercise.id, "the solution of the lab", exercise.solution, None, **around))
        found += [Way(exercise.id, name, do, None, **around) for name, do in entry["right"].items()]
        for name, wrong in entry["wrong"].items():
            do = wrong.get("do") or _mutant(exercise.solution, *wrong["change"])
            found.append(Way(exercise.id, name, do, wrong["says"], **around))
    return found


def _mutant(solution: str, old: str, new: str) -> str:
    assert old in solution, f"{old!r} is not in the solution that the mutant is made of"
    return solution.replace(old, new)


@dataclass
class Class:
    """One cluster for all the ways of a lab."""

    server: ServerThread
    content: LabContent
    folder: Path
    count: int = 0
    open: list[Lab] = field(default_factory=list)

    def lab(self) -> Lab:
        """Return the lab as a new learner finds it."""
        self.count += 1
        cluster = connect(kubeconfig=self.server.kubeconfig)
        progress = Progress(self.folder / f"progress-{self.count}.json")
        opened = Lab(self.content, cluster, progress, namespace=f"lab-{self.content.id}-{self.count}")
        opened.prepare()
        self.open.append(opened)
        return opened

    def leave(self) -> None:
        """Take everything away that the learner has made."""
        opened = self.open.pop()
        opened.leave()
        opened.cluster.close()


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Class]]:
    running: dict[str, Class] = {}
    yield running
    for one in running.values():
        one.server.__exit__(None, None, None)


@pytest.fixture
def room(request: pytest.FixtureRequest, classes: dict[str, Class], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    lab = request.node.callspec.params["way"].exercise[:2]
    if lab not in classes:
        for other in list(classes):
            classes.pop(other).server.__exit__(None, None, None)
        folder = tmp_path_factory.mktemp(f"lab{lab}")
        server = ServerThread(ServerConfig(folder / "state", seed=1, clock_mode="stepped"))
        classes[lab] = Class(server.__enter__(), content_of(lab), folder)
    one = classes[lab]
    yield one
    one.leave()


def judge(way: Way, lab: Lab) -> None:
    """Do what the way does; a right one must pass, a wrong one must fail with the words that fit."""
    scope: dict[str, Any] = {"lab": lab}
    try:
        exec(compile(way.before, str(way), "exec"), scope)
        with contextlib.nullcontext() if way.says is None else contextlib.suppress(K8slabError, ApiException):
            exec(compile(way.do, str(way), "exec"), scope)
        verdict = lab.check(way.exercise)
    finally:
        exec(compile(way.after, str(way), "exec"), scope)
    if way.says is None:
        assert verdict.done, verdict
    else:
        assert not verdict.done, f"this is wrong, but passes:\n{way.do}"
        assert way.says in repr(verdict), verdict


@pytest.mark.parametrize("way", [way for lab in LABS for way in ways_of(lab)], ids=str)
def test_a_way(way: Way, room: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SLAB_SEED", str(room.count))  # so that every way to break something has its turn
    judge(way, room.lab())


@pytest.mark.parametrize("lab", LABS)
def test_every_exercise_has_three_right_ways_and_five_wrong_ones(lab: str) -> None:
    ways = ways_of(lab)
    for exercise in content_of(lab).exercises:
        right = [w for w in ways if w.exercise == exercise.id and w.says is None]
        wrong = [w for w in ways if w.exercise == exercise.id and w.says is not None]
        assert len({w.do for w in right}) >= 3, exercise.id
        assert len({w.do for w in wrong}) >= 5, exercise.id
