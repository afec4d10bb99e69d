"""The lab of docs/example-lab.md as a class has it: both copies are made, and run under nbval in a folder of their own."""

import shutil
from pathlib import Path

import nbformat
import pytest

from k8slab.lessons.writing.copies import write_copies

from .execute import run
from .test_labs import nbval

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "example-lab.md"


@pytest.fixture
def copies(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "class"
    folder.mkdir()
    shutil.copy(EXAMPLE, folder)
    return write_copies(folder / EXAMPLE.name, solved=True)


def test_the_learner_copy_runs_to_its_end(copies: list[Path], tmp_path: Path) -> None:
    nbval(copies[0], tmp_path)


def test_in_the_solved_copy_every_exercise_is_done(copies: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copies[1].parent)
    notebook = nbformat.read(copies[1], 4)
    run(notebook, tmp_path)
    checks = [cell for cell in notebook.cells if "check" in cell.metadata.get("tags", ())]
    assert len(checks) == 3
    for cell in checks:
        assert ": done." in cell.outputs[0]["data"]["text/plain"]
