"""Every situation has its right answer; and what cannot be seen never makes an answer surer, or a wrong one sure."""

import pytest

from tests.explain.situations import Case, cases

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.area}: {c.name}")
def test_the_answer_is_right(case: Case) -> None:
    answer = case.ask_now()
    found = {"verdict": answer.verdict, "confidence": answer.confidence, "object": answer.object, "field": answer.field}
    assert case.right(answer), f"{found}\n{answer.text()}"
