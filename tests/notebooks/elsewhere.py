"""The labs on a cluster of one's own: ``make test-labs CONTEXT=NAME LABS="02 03"``.

Each lab, solved, is run by nbval in lax mode: no cell may fail, and every check must say *done*, as on the embedded cluster
(`labs/sanitize.cfg` takes out what differs). What the cluster cannot show is skipped, with the reason. Nothing is started, and
what a lab has made is taken away when it ends; a lab whose namespace is there already is somebody's work and is left alone.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from kubernetes.client.exceptions import ApiException

from k8slab.client import Cluster
from k8slab.client.errors import ClusterAway, sentence
from k8slab.cluster.capabilities import Capabilities, capabilities
from k8slab.cluster.context import Context
from k8slab.errors import K8slabError
from k8slab.lessons import Lab, LabContent, Progress, content_of
from k8slab.lessons.place import has_work
from k8slab.lessons.reports import all_contents

LABS = Path(__file__).resolve().parents[2] / "labs"
SKIPPED = "k8slab-skip"
PATIENCE = "180"  # seconds that a check waits for what is just starting: images are really pulled elsewhere


def main(arguments: list[str]) -> int:
    """Run the labs on a context; return 0 if all that was run is as it should be, 1 if not, 2 if nothing could be run."""
    context, *names = arguments or [""]
    try:
        return _run_all(context, names)
    except (K8slabError, ApiException) as error:
        print(f"make test-labs: {sentence(error)}", file=sys.stderr)
        return 2


def _run_all(name: str, names: list[str]) -> int:
    if not name:
        raise K8slabError('say on which cluster: make test-labs CONTEXT=NAME ("kubectl config get-contexts" lists them)')
    contents = [content_of(n) for n in names] or all_contents()
    place = Context(name)
    cluster = place.connect()
    try:
        _answers(cluster, name)
        _free(cluster, contents)
        able = capabilities(cluster)
        for one in able:
            print(f"{ {True: 'yes', False: 'no ', None: '?  '}[one.there] } {one.name:<15}{one.how}", flush=True)
        return max(_run(place, cluster, able, content) for content in contents)
    finally:
        cluster.close()


def _answers(cluster: Cluster, name: str) -> None:
    try:
        cluster.request("GET", "/version")
    except ClusterAway as error:
        raise K8slabError(f'nobody answers at {cluster.host}, the address of the context "{name}"') from error


def _free(cluster: Cluster, contents: list[LabContent]) -> None:
    """See that nobody's work is in the way."""
    names = [f"lab-{content.id}" for content in contents]
    taken = [name for name in names if cluster.find("namespaces", name) is not None and has_work(cluster, name)]
    if taken:
        raise K8slabError(
            f"there is work in the namespace {' and '.join(taken)}, which a run would change and then delete; "
            f"kubectl delete namespace {' '.join(taken)}, or name other labs with LABS="
        )


def _run(place: Context, cluster: Cluster, able: Capabilities, content: LabContent) -> int:
    print(f"\n== {content.id} {content.title}", flush=True)
    missing = [able[need].line for need in content.needs if able[need].there is False]
    if missing:
        print(f"skipped: {' '.join(missing)}", flush=True)
        return 0
    with tempfile.TemporaryDirectory() as folder, _taken_away(cluster, content):
        notebook = Path(folder) / f"{content.id}.ipynb"
        nbformat.write(lax(solved(content), content, able), notebook)
        command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=900", "-q", "-rs",
                   "--nbval-sanitize-with", str(LABS / "sanitize.cfg"), "-p", "tests.notebooks.skipping",
                   "-p", "no:cacheprovider", "-o", "addopts=", "-o", "filterwarnings=", str(notebook)]  # fmt: skip
        code = subprocess.run(command, env=_environment(place, Path(folder)), cwd=folder, check=False).returncode
    return 0 if code == 0 else 1


def solved(content: LabContent) -> Any:
    """Return the lab's notebook with its solutions and the outputs on the embedded cluster."""
    (found,) = (LABS / "solved").glob(f"{content.id}-*.ipynb")
    return nbformat.read(found, 4)


def lax(notebook: Any, content: LabContent, able: Capabilities) -> Any:
    """Return a notebook of which nbval, in lax mode, compares the checks, and skips what the cluster cannot show."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for at, cell in enumerate(code):
        if "check" not in cell.metadata.get("tags", ()):
            continue
        exercise = content.exercise(cell.source.split('"')[1])
        missing = [able[need].line for need in exercise.needs if able[need].there is False]
        if missing:
            for skipped in code[at - 1 : at + 1]:
                skipped.metadata[SKIPPED] = f"{exercise.id}: {' '.join(missing)}"
        cell.metadata["tags"] = [*cell.metadata["tags"], "nbval-check-output"]
    return notebook


@contextmanager
def _taken_away(cluster: Cluster, content: LabContent) -> Iterator[None]:
    """Take away what a lab has made, however it ends."""
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(content, cluster, Progress(Path(folder) / "progress.json"))
        try:
            yield
        finally:
            lab.leave()


def _environment(place: Context, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(LABS.parent),
        "KUBECONFIG": str(place.kubeconfig),
        "K8SLAB_CLUSTER": str(place),
        "K8SLAB_STATE": str(folder / "state"),
        "K8SLAB_PROGRESS": str(folder / "progress.json"),
        "K8SLAB_SEED": "1",
        "K8SLAB_PATIENCE": PATIENCE,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
