"""Make the notebooks of the labs from labs/src/*.md: ``make notebooks``, the only way they are written.

One source gives two copies. The learner's, `labs/NN-topic.ipynb`, has empty exercise cells and no outputs, so that nothing is
seen before it is predicted. The solved one, `labs/solved/NN-topic.ipynb`, has the solutions of the lab's content in these
cells, and the outputs of a run: on an embedded cluster of its own, with a seed and a stepped clock, so that the same source
gives the same notebook to the byte. Widget state is not kept: what a reader without a kernel sees is the picture that every
view displays beside its widget.
"""

import os
import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

from k8slab.lessons import content_of

LABS = Path(__file__).resolve().parents[2] / "labs"
SOURCES = sorted((LABS / "src").glob("*.md"))
SOLVED = LABS / "solved"
WIDGET = "application/vnd.jupyter.widget-view+json"


def lab_environment(folder: Path) -> dict[str, str]:
    """Return the environment in which a lab is reproducible: a new cluster, a new learner."""
    return {
        **os.environ,
        "K8SLAB_STATE": str(folder / "state"),
        "K8SLAB_PROGRESS": str(folder / "progress.json"),
        "K8SLAB_CLUSTER": "embedded",
        "K8SLAB_SEED": "1",
        "K8SLAB_CLOCK": "stepped",
        "K8SLAB_NODES": "3",
        "PYTHONHASHSEED": "0",
    }


def stop_cluster(environment: dict[str, str]) -> None:
    """End the cluster that a lab has started."""
    subprocess.run([sys.executable, "-m", "k8slab", "down"], env=environment, check=False, capture_output=True)


def learner_copy(source: Path) -> Any:
    """Return the notebook that a learner opens: exercises empty, no outputs, so nothing for nbval to compare."""
    notebook = _from_source(source)
    for cell in notebook.cells:
        if cell.cell_type == "code" and "nbval-ignore-output" not in tags(cell):
            cell.metadata["tags"] = [*tags(cell), "nbval-ignore-output"]
    return notebook


def solved_copy(source: Path) -> Any:
    """Return the notebook with the solution of each exercise in its cell; not run yet."""
    notebook = _from_source(source)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":  # the other labs are in this folder too, other files are one up
            cell.source = re.sub(r"\]\((?!\w+:)([^)]+)(?<!\.ipynb)\)", r"](../\1)", cell.source)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, following in pairwise(code):
        if "exercise" in tags(cell):
            checked = re.fullmatch(r'lab\.check\("((\d+)\.\d+)"\)', following.source)
            assert checked, f"{source}: an exercise cell is followed by its check, not by {following.source!r}"
            cell.source = content_of(checked[2]).exercise(checked[1]).solution.strip("\n")
    return notebook


def tags(cell: Any) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", ()))


def _from_source(source: Path) -> Any:
    """Return the notebook of a source, its cells numbered instead of named by chance."""
    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03}"
    kernelspec = notebook.metadata["kernelspec"]
    notebook.metadata = nbformat.from_dict({"kernelspec": kernelspec, "language_info": {"name": "python"}})
    return notebook


def run(notebook: Any, folder: Path) -> None:
    """Run all cells in place."""
    environment = lab_environment(folder)
    try:
        NotebookClient(notebook, timeout=180, kernel_name="python3", store_widget_state=False, coalesce_streams=True).execute(
            env=environment
        )
    finally:
        stop_cluster(environment)


def tidy(notebook: Any) -> None:
    """Drop what differs from run to run and means nothing to a reader: widget ids, times of execution."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if WIDGET not in o.get("data", {})]


def main(names: list[str]) -> None:
    """Write the copies of the named labs, or of all; only the solved ones are run."""
    for source in SOURCES:
        if names and not any(source.name.startswith(name) for name in names):
            continue
        print(f"{source.stem} ...", flush=True)
        nbformat.write(learner_copy(source), LABS / f"{source.stem}.ipynb")
        notebook = solved_copy(source)
        with tempfile.TemporaryDirectory() as folder:
            run(notebook, Path(folder))
        tidy(notebook)
        nbformat.write(notebook, SOLVED / f"{source.stem}.ipynb")


if __name__ == "__main__":
    main(sys.argv[1:])
