"""Every situation has its right answer; and what cannot be seen never makes an answer surer, or a wrong one sure."""

from collections import Counter

import pytest

from k8slab.explain import Answer, diagnose
from k8slab.explain.answer import KNOWN, UNKNOWN
from k8slab.explain.snapshot import Key, Needed, Snapshot
from tests.explain.situations import Case, cases

CASES = cases()
_every = pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.area}: {c.name}")
_SURE = {"known": 2, "likely": 1, "unknown": 0}


def test_there_are_enough_of_them() -> None:
    faulty = [c for c in CASES if not c.answer["verdict"].endswith("healthy")]
    assert len(faulty) >= 200
    assert Counter((c.area, c.name) for c in CASES).most_common(1)[0][1] == 1


@_every
def test_the_answer_is_right(case: Case) -> None:
    answer = case.ask_now()
    found = {"verdict": answer.verdict, "confidence": answer.confidence, "object": answer.object, "field": answer.field}
    assert case.right(answer), f"{found}\n{answer.text()}"


@_every
def test_an_answer_can_be_read(case: Case) -> None:
    answer = case.ask_now()
    assert answer.sentence.rstrip()[-1] in ".?"
    assert "None" not in answer.sentence.split()
    assert ".." not in answer.sentence
    assert answer.sentence in " ".join(answer.text().split()).replace("- ", "-") or len(answer.sentence) > 100
    assert (
        answer.confidence != UNKNOWN
        or answer.verdict in ("unknown", "traffic.which-port", "traffic.external")
        or "unknown" in answer.verdict
    )
    if not answer.healthy and answer.confidence == KNOWN:
        assert answer.object
        assert answer.change or answer.verdict.startswith(("absent", "finalizer"))


def needs(case: Case) -> tuple[Answer, list[Key]]:
    """Answer as on a real cluster: fetch what is needed, one after the other."""
    seen, keys = Snapshot(now=case.snapshot.now), []
    while True:
        try:
            return diagnose(case.question, seen), keys
        except Needed as need:
            key = need.key
        assert key not in keys, "asked for twice"
        keys.append(key)
        seen = seen.with_listing(key, case.snapshot.look_up(key))


@_every
def test_fetching_only_what_is_needed_gives_the_same_answer(case: Case) -> None:
    answer, keys = needs(case)
    assert case.right(answer)
    assert not [k for k in keys if k.resource == "secrets" and not k.name], "secrets are never listed"


@_every
def test_what_is_not_seen_lowers_confidence_and_never_makes_another_answer_sure(case: Case) -> None:
    right, keys = needs(case)
    for resource in dict.fromkeys(key.resource for key in keys if key.resource not in ("log", "self")):
        objects = [o for key in keys if key.resource == resource for o in case.snapshot.look_up(key).objects]
        for gone in (None, *objects[:3]):
            answer = case.ask_now(case.snapshot.without(resource, gone))
            what = f"without {resource} {gone and gone['metadata']['name']}: {answer.verdict}\n{answer.text()}"
            assert _SURE[answer.confidence] <= _SURE[right.confidence], what
            if answer.confidence == KNOWN:
                assert (answer.verdict, answer.object, answer.field) == (right.verdict, right.object, right.field), what
