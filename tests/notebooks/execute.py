"""Make labs/*.ipynb from labs/src/*.md and run them: ``make notebooks``, the only way outputs are committed.

Each lab runs on an embedded cluster of its own, with a seed, a stepped clock and the solutions switched on, so that the same
source gives the same notebook to the byte. Widget state is not kept: what a reader without a kernel sees is the picture that
every view displays beside its widget.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

from k8slab.lessons import content_of

LABS = Path(__file__).resolve().parents[2] / "labs"
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
        "K8SLAB_SOLUTIONS": "1",
        "PYTHONHASHSEED": "0",
    }


def stop_cluster(environment: dict[str, str]) -> None:
    """End the cluster that a lab has started."""
    subprocess.run([sys.executable, "-m", "k8slab", "down"], env=environment, check=False, capture_output=True)


def from_source(source: Path) -> Any:
    """Return the notebook of a source, solutions folded, cells numbered instead of named by chance."""
    notebook = jupytext.read(source)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03}"
        if "solution" in cell.metadata.get("tags", ()):
            cell.source += "\n" + _solution(cell.source.split()[1])
            cell.metadata["jupyter"] = {"source_hidden": True}
    kernelspec = notebook.metadata["kernelspec"]
    notebook.metadata = nbformat.from_dict({"kernelspec": kernelspec, "language_info": {"name": "python"}})
    return notebook


def _solution(exercise: str) -> str:
    """Return the solution of an exercise; it is written once, beside the check, and shown here and by the last hint."""
    return content_of(exercise[:2]).exercise(exercise).solution.strip("\n")


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
    """Run the named labs, or all."""
    for source in sorted((LABS / "src").glob("*.md")):
        if names and not any(source.name.startswith(name) for name in names):
            continue
        print(f"{source.stem} ...", flush=True)
        notebook = from_source(source)
        with tempfile.TemporaryDirectory() as folder:
            run(notebook, Path(folder))
        tidy(notebook)
        nbformat.write(notebook, LABS / f"{source.stem}.ipynb")


if __name__ == "__main__":
    main(sys.argv[1:])
