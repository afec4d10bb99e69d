"""What a lab says reads as prose in a notebook and as lines elsewhere; a wait on a clock that runs by itself is not silent."""

import time

import pytest

from k8slab.client.clock import Clock
from k8slab.lessons.words import Program, Words, patience


def test_prose_is_paragraphs_and_code_stays_code() -> None:
    said = Words("A <solution>:", Program("if a:\n    b()"), "It is one.")
    assert repr(said) == "A <solution>:\n\nif a:\n    b()\n\nIt is one."
    page = said._repr_html_()
    assert "<p>A &lt;solution&gt;:</p>" in page
    assert "if a:\n    b()</pre>" in page


def test_outside_of_a_notebook_nobody_is_told_of_a_wait(capsys: pytest.CaptureFixture[str]) -> None:
    with patience("{} s to go") as tick:
        assert tick is None
    assert capsys.readouterr().out == ""


def clock_at(rate: float, began: float) -> Clock:
    """Return a clock that runs so fast."""

    def request(*_: object, **__: object) -> dict:
        now = time.gmtime((time.time() - began) * rate)
        return {"status": {"mode": "accelerated", "rate": rate, "now": time.strftime("%Y-%m-%dT%H:%M:%SZ", now)}}

    return Clock(request)


def test_who_sleeps_is_told_what_is_left_and_asks_seldom() -> None:
    told: list[float] = []
    clock_at(100, time.time()).sleep(60, told.append)
    assert told[0] == 60
    assert told == sorted(told, reverse=True)
    assert len(told) < 10
