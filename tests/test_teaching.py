"""docs/teaching.md quotes what the labs say, plans with exercises there are, and its minutes add up."""

import ast
import re
from pathlib import Path

import pytest

from k8slab.lessons.reports import all_contents

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "teaching.md").read_text()
PLANS = {
    f"{title}-{number}": table
    for title, part in re.findall(r"### (Half a day|One day|Two days)\n(.*?)(?=\n### |\n## )", PAGE, re.DOTALL)
    for number, table in enumerate(re.findall(r"(?:^\|.*\n)+\nEnds at \d+:\d\d", part, re.MULTILINE))
}


def said() -> str:
    """Return all texts in the code of the lessons, with a "…" where a value is filled in."""
    texts = []
    for path in (ROOT / "k8slab" / "lessons").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                texts.append("".join(str(v.value) if isinstance(v, ast.Constant) else "…" for v in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
    return "\n".join(texts)


def test_what_the_labs_are_quoted_with_is_what_they_say() -> None:
    part = PAGE[PAGE.index("## Lab by lab") : PAGE.index("## On Binder")]
    quotes = [" ".join(quote.split()) for quote in re.findall(r"(?<!\*)\*([^*\n]+(?:\n[^*\n]+)?)\*(?!\*)", part)][1:]
    assert len(quotes) > 40
    text = said()
    assert not [quote for quote in quotes if not all(piece.strip() in text for piece in quote.split("…"))]


def test_every_lab_is_spoken_of() -> None:
    assert re.findall(r"^### (\d\d .*)$", PAGE, re.MULTILINE) == [f"{content.id} {content.title}" for content in all_contents()]


def test_exercises_that_are_named_are_there() -> None:
    there = {exercise.id for content in all_contents() for exercise in content.exercises}
    named = set(re.findall(r"\b(\d\d\.\d)\b", PAGE))
    assert len(named) > 50
    assert named <= there


def minutes(clock: str) -> int:
    hours, rest = clock.split(":")
    return 60 * int(hours) + int(rest)


@pytest.mark.parametrize("plan", PLANS)
def test_the_minutes_of_a_plan_add_up(plan: str) -> None:
    rows = re.findall(r"^\| (\d+:\d\d) \| (\d+) \|", PLANS[plan], re.MULTILINE)
    assert len(rows) > 8
    ends = [minutes(start) + int(length) for start, length in rows]
    assert ends == [*(minutes(start) for start, _ in rows[1:]), minutes(PLANS[plan].rpartition(" ")[2])]


def test_there_are_four_days_of_plans() -> None:
    assert sorted(PLANS) == ["Half a day-0", "One day-0", "Two days-0", "Two days-1"]


def test_a_plan_names_each_exercise_of_its_labs_or_leaves_it_out() -> None:
    """In the shorter plans: an exercise that is taken is not left out, and belongs to the lab of its row."""
    rows = re.findall(r"^\| \d+:\d\d \| \d+ \| Lab (\d\d)([^|]*)\|([^|]*)\|", PAGE, re.MULTILINE)
    for lab, taken, left in rows:
        takes, leaves = set(re.findall(r"\d\d\.\d", taken)), set(re.findall(r"\d\d\.\d", left))
        assert not takes & leaves
        assert all(exercise.startswith(lab) for exercise in takes | leaves)


def test_what_is_shown_of_a_lab_of_ones_own_is_from_the_example() -> None:
    example = (ROOT / "docs" / "example-lab.md").read_text()
    shown = re.findall(r"^````\n(.*?)\n````$", PAGE, re.DOTALL | re.MULTILINE)
    assert len(shown) == 2
    assert "".join(line for line in example.splitlines(keepends=True) if "configure-pod" not in line).count(shown[0]) == 1
    assert shown[1] in example
