"""Every line of the syllabus that is said to be taught is taught, and docs/syllabus.md tells where."""

import json
import re
from pathlib import Path

import pytest

from k8slab.lessons import LabContent
from k8slab.lessons.reports import all_contents

ROOT = Path(__file__).resolve().parents[2]
LABS = all_contents()


def table() -> dict[str, set[str]]:
    """Return the labs of each line of the page."""
    rows = re.findall(r"^\| ([A-J]\d+) \| .* \| ([^|]*) \|$", (ROOT / "docs" / "syllabus.md").read_text(), re.MULTILINE)
    return {line: set(re.findall(r"\d\d", labs)) for line, labs in rows}


def test_the_page_says_what_the_labs_say() -> None:
    said = {(line, content.id) for content in LABS for line in content.syllabus}
    assert {(line, lab) for line, labs in table().items() for lab in labs} == said


@pytest.mark.parametrize("content", LABS, ids=lambda content: content.id)
def test_a_lab_has_all_that_a_lab_has(content: LabContent) -> None:
    found = list((ROOT / "labs").glob(f"{content.id}-*.ipynb"))
    assert len(found) == 1
    source = "".join("".join(cell["source"]) + "\n" for cell in json.loads(found[0].read_text())["cells"])
    assert len(content.exercises) >= 6
    for exercise in content.exercises:
        assert f'lab.check("{exercise.id}")' in source
    for prediction in content.predictions:
        key = prediction.id.partition(".")[2]
        assert f'lab.predict("{key}")' in source
        assert f'lab.reveal("{key}")' in source
    for quiz in content.quizzes:
        assert f'lab.quiz("{quiz.id.partition(".")[2]}")' in source
        assert sum(option.right for option in quiz.options) == 1
    for fault in content.faults:
        assert f'lab.break_it("{fault.id.partition(".")[2]}")' in source
        assert len(fault.ways) >= 3
    assert "lab.source(" in source, "shows the few lines of ours that did it"
    assert "**Where this cluster is simpler.**" in source
    assert content.reading
    assert all(address.startswith("https://kubernetes.io/") for _, address in content.reading)
