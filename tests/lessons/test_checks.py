"""Checks judge the cluster: right ways pass, near misses fail with the sentence that fits."""

from typing import Any

import pytest

from k8slab.errors import K8slabError
from k8slab.lessons import Progress
from k8slab.lessons.lab import content_of
from k8slab.lessons.reports import all_contents
from k8slab.lessons.verdict import Verdict, in_namespace

Object = dict[str, Any]
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


class Cluster:
    """A cluster of given objects."""

    namespace = "lab-01"

    def __init__(self, *objects: Object) -> None:
        self.objects = objects

    def find(self, resource: str, name: str) -> Object | None:
        found = [o for o in self.list(resource, self.namespace) if o["metadata"]["name"] == name]
        return found[0] if found else None

    def list(self, resource: str, namespace: str | None = None) -> list[Object]:
        return [o for o in self.objects if o["kind"].lower() == resource and namespace in ("", o["metadata"]["namespace"])]


def pod(name: str, image: str, *, namespace: str = "lab-01", status: Object = READY, labels: Object | None = None) -> Object:
    meta = {"name": name, "namespace": namespace, "labels": labels or {}}
    return {"kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": name, "image": image}]}, "status": status}


def judge(key: str, *objects: Object) -> Verdict:
    exercise = content_of(key[:2]).exercise(key)
    return Verdict(exercise, tuple(exercise.check(Cluster(*objects))))  # type: ignore[arg-type]


ROOMS = {"app": "rooms"}


@pytest.mark.parametrize(
    "image", ["chatter/rooms:1.0", "docker.io/chatter/rooms:1.1", "chatter/rooms", "chatter/rooms@sha256:00"]
)
def test_every_way_to_name_the_image_is_right(image: str) -> None:
    assert judge("01.1", pod("rooms", image, labels=ROOMS)).done


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([], "there is no pod/rooms in namespace lab-01"),
        ([pod("rooms", "chatter/rooms:1.0", namespace="default", labels=ROOMS)], "pod/rooms is in namespace default"),
        ([pod("rooms", "chatter/rooms-2:1.0", labels=ROOMS)], "not chatter/rooms"),
        ([pod("rooms", "chatter/rooms:1.0", labels={"app": "room"})], "does not have the label app=rooms"),
        ([pod("rooms", "chatter/rooms:1.0", labels=ROOMS, status={"phase": "Running"})], "is not Ready: it is Running"),
    ],
)
def test_near_misses_are_told_what_is_missing(wrong: list[Object], sentence: str) -> None:
    verdict = judge("01.1", *wrong)
    assert not verdict.done
    assert sentence in repr(verdict)


def test_what_another_lab_has_made_is_no_mistake_in_this_one() -> None:
    verdict = repr(judge("01.1", pod("rooms", "chatter/rooms:1.0", namespace="lab-02", labels=ROOMS)))
    assert "there is no pod/rooms in namespace lab-01" in verdict
    assert "lab-02" not in verdict


def test_every_lab_has_its_exercises_hints_and_answers_in_order() -> None:
    for content in all_contents():
        lab = content.id
        assert [e.id for e in content.exercises] == [f"{lab}.{n}" for n in range(1, len(content.exercises) + 1)]
        assert all(0 <= p.answer < len(p.options) for p in content.predictions)
        assert all(len(e.hints) == 2 and e.solution and e.reason for e in content.exercises)


def test_an_unknown_lab_or_exercise_is_named() -> None:
    with pytest.raises(K8slabError, match="no lab '77'"):
        content_of("77")
    with pytest.raises(K8slabError, match=r"Lab 01 has no exercise '9'. It has 01.1"):
        content_of("01").exercise("9")


def test_progress_survives_and_is_forgotten_lab_by_lab(tmp_path) -> None:
    progress = Progress(tmp_path / "progress.json")
    progress.record_check("01.1", False)
    progress.record_check("01.1", True)
    progress.record_check("01.1", False)
    progress.record_hint("00.2", 1)
    progress.record_prediction("01.a", 2)
    again = Progress(tmp_path / "progress.json")
    assert again.done("01.1"), "what was right once stays done"
    assert (again.hints("00.2"), again.predicted("01.a"), again.predicted("01.b")) == (1, 2, None)
    again.forget("01")
    assert not again.done("01.1")
    assert again.hints("00.2") == 1


def test_where_to_look_can_be_copied_into_a_terminal() -> None:
    exercise = content_of("01").exercise("01.1")
    verdict = Verdict(exercise, tuple(exercise.check(Cluster())), "lab-01")  # type: ignore[arg-type]
    assert "look: kubectl -n lab-01 get pods" in repr(verdict)
    assert "<code>kubectl -n lab-01 get pods</code>" in verdict._repr_html_()


@pytest.mark.parametrize(
    "look", ["kubectl get nodes", "kubectl get pods -A", "kubectl get pods -n default", 'lab.why("pod/web")']
)
def test_a_command_that_names_its_namespace_or_needs_none_stays_as_it_is(look: str) -> None:
    assert in_namespace(look, "lab-01") == look
