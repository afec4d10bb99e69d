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
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from k8slab.lessons import content_of
from k8slab.lessons.writing.markdown import read
from k8slab.lessons.writing.notebook import as_json, learner_copy, plain_cells, solved_copy

LABS = Path(__file__).resolve().parents[2] / "labs"
SOURCES = sorted((LABS / "src").glob("*.md"))
SOLVED = LABS / "solved"
_OTHER_FILE = re.compile(r"\]\((?!\w+:)([^)]+)(?<!\.ipynb)\)")  # the other labs lie beside a solved copy, other files one up
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


def learner_text(source: Path) -> str:
    """Return the notebook that a learner opens."""
    return as_json(learner_copy(plain_cells(read(source))))


def solved_text(source: Path) -> str:
    """Return the notebook with the solutions, not run yet."""
    cells = [
        replace(c, source=_OTHER_FILE.sub(r"](../\1)", c.source)) if c.kind == "markdown" else c
        for c in plain_cells(read(source))
    ]
    return as_json(solved_copy(cells, content_of(source.name[:2])))


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
        (LABS / f"{source.stem}.ipynb").write_text(learner_text(source))
        notebook = nbformat.reads(solved_text(source), 4)
        with tempfile.TemporaryDirectory() as folder:
            run(notebook, Path(folder))
        tidy(notebook)
        nbformat.write(notebook, SOLVED / f"{source.stem}.ipynb")


if __name__ == "__main__":
    main(sys.argv[1:])
