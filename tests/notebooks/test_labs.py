"""Both copies of every lab, as nbval sees them.

Strictly, the solved one: the outputs in the file are the outputs of a run from its beginning. The learner's, untouched, runs
from its beginning to its end without an error, and gives nothing away.
"""

import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from k8slab.lessons import content_of

from .execute import LABS, SOLVED, SOURCES, lab_environment, learner_text, solved_text, stop_cluster

TAGS = {"setup", "predict", "exercise", "check", "raises-exception", "nbval-ignore-output"}
every_lab = pytest.mark.parametrize(
    "source", [pytest.param(s, id=s.stem, marks=pytest.mark.xdist_group(s.stem)) for s in SOURCES]
)  # both copies of a lab one after the other: they may use the same ports of the host


def learner(source: Path) -> Path:
    return LABS / f"{source.stem}.ipynb"


def solved(source: Path) -> Path:
    return SOLVED / f"{source.stem}.ipynb"


def cells(notebook: Path) -> list[dict]:
    return json.loads(notebook.read_text())["cells"]


def code(notebook: Path) -> list[dict]:
    return [cell for cell in cells(notebook) if cell["cell_type"] == "code"]


def texts(notebook: Path) -> list[str]:
    return ["".join(cell["source"]) for cell in cells(notebook)]


def nbval(notebook: Path, folder: Path) -> None:
    environment = lab_environment(folder)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", "-p", "no:cacheprovider",
             "-o", "addopts=", "-o", "filterwarnings=", str(notebook)],
            env=environment, cwd=folder, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
    finally:
        stop_cluster(environment)
    assert done.returncode == 0, done.stdout[-6000:]


@every_lab
def test_a_run_of_the_solved_copy_gives_the_outputs_in_the_file(source: Path, tmp_path: Path) -> None:
    nbval(solved(source), tmp_path)


@every_lab
def test_an_untouched_learner_copy_runs_to_its_end(source: Path, tmp_path: Path) -> None:
    nbval(learner(source), tmp_path)


@every_lab
def test_the_learner_copy_is_what_its_source_gives(source: Path) -> None:
    assert learner(source).read_text() == learner_text(source), "run `make notebooks`"


@every_lab
def test_the_solved_copy_is_what_its_source_and_the_solutions_give(source: Path) -> None:
    expected = [(cell["id"], "".join(cell["source"]), cell["metadata"]) for cell in json.loads(solved_text(source))["cells"]]
    assert [(c["id"], "".join(c["source"]), c["metadata"]) for c in cells(solved(source))] == expected, "run `make notebooks`"


def test_every_notebook_has_a_source() -> None:
    names = {source.stem for source in SOURCES}
    assert {path.stem for folder in (LABS, SOLVED) for path in folder.glob("[0-9][0-9]-*.ipynb")} == names


@every_lab
def test_the_learner_copy_gives_nothing_away(source: Path) -> None:
    text = "\n".join(texts(learner(source)))
    for exercise in content_of(source.name[:2]).exercises:
        assert exercise.reason not in text
    for cell in code(learner(source)):
        assert (cell["outputs"], cell["execution_count"]) == ([], None)
        assert "nbval-ignore-output" in cell["metadata"]["tags"], "there is no output to compare with"


@every_lab
def test_every_exercise_has_an_empty_cell_and_a_check(source: Path) -> None:
    both = [(cell["metadata"]["tags"][0], "".join(cell["source"])) for cell in code(learner(source))]
    checked = []
    for (tag, text), (following, check) in pairwise(both):
        assert (tag == "exercise") == (following == "check") == (text == "# your solution")
        if tag == "exercise":
            checked.append(re.fullmatch(r'lab\.check\("(\S+)"\)', check).group(1))
    assert checked == [exercise.id for exercise in content_of(source.name[:2]).exercises]
    assert len(checked) >= 6


@every_lab
def test_cells_are_short_and_tagged_from_the_list(source: Path) -> None:
    for cell in cells(solved(source)):
        assert set(cell["metadata"].get("tags", ())) <= TAGS
    for cell in code(learner(source)):
        assert len(cell["source"]) < 15, "".join(cell["source"])


@every_lab
def test_the_solved_copy_is_small_and_keeps_no_widget_code(source: Path) -> None:
    text = solved(source).read_text()
    assert len(text) < 300_000
    assert "widget-state" not in text


@every_lab
@pytest.mark.parametrize("copy", [learner, solved], ids=["learner", "solved"])
def test_links_lead_somewhere(source: Path, copy) -> None:
    text = "\n".join("".join(cell["source"]) for cell in cells(copy(source)) if cell["cell_type"] == "markdown")
    targets = re.findall(r"\]\(([^)#:]+)\)", text)
    assert not [target for target in targets if not (copy(source).parent / target).exists()]
