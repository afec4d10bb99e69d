"""Every lab as nbval sees it, strictly: the outputs in the file are the outputs of a run from its beginning."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .execute import LABS, from_source, lab_environment, stop_cluster

NOTEBOOKS = sorted(LABS.glob("*.ipynb"))
TAGS = {"setup", "predict", "exercise", "solution", "check", "raises-exception", "nbval-ignore-output"}


def cells(notebook: Path) -> list[dict]:
    return json.loads(notebook.read_text())["cells"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_run_gives_the_outputs_in_the_file(notebook: Path, tmp_path: Path) -> None:
    environment = lab_environment(tmp_path)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider",
             "-o", "addopts=", "-o", "filterwarnings=", str(notebook)],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
    finally:
        stop_cluster(environment)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_notebook_is_what_its_source_says(notebook: Path) -> None:
    source = from_source(LABS / "src" / f"{notebook.stem}.md")
    assert [c["source"] if isinstance(c["source"], str) else "".join(c["source"]) for c in cells(notebook)] == [
        c.source for c in source.cells
    ], "run `make notebooks`"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_are_short_and_tagged_from_the_list(notebook: Path) -> None:
    for cell in cells(notebook):
        assert set(cell["metadata"].get("tags", ())) <= TAGS
        if cell["cell_type"] == "code":
            assert len(cell["source"]) < 15, "".join(cell["source"])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_exercise_has_an_empty_cell_a_folded_solution_and_a_check(notebook: Path) -> None:
    code = [c for c in cells(notebook) if c["cell_type"] == "code"]
    tags = [(c["metadata"].get("tags") or [""])[0] for c in code]
    solved = [
        re.match(r"%%solution (\S+)", "".join(c["source"])).group(1) for c in code if "solution" in c["metadata"].get("tags", ())
    ]
    checked = [
        re.match(r'lab\.check\("(\S+)"\)', "".join(c["source"])).group(1) for c, t in zip(code, tags, strict=True) if t == "check"
    ]
    assert len(checked) >= 6
    assert solved == checked
    for at, tag in enumerate(tags):
        if tag == "exercise":
            assert tags[at : at + 3] == ["exercise", "solution", "check"]
            assert "".join(code[at]["source"]).strip() == "# your solution"
            assert code[at + 1]["metadata"]["jupyter"]["source_hidden"] is True


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_file_is_small_and_keeps_no_widget_code(notebook: Path) -> None:
    text = notebook.read_text()
    assert len(text) < 300_000
    assert "widget-state" not in text
