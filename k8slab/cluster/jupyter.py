"""``k8slab lab``: JupyterLab on the labs, with a cluster behind it.

Terminals opened in JupyterLab find the cluster through ``$KUBECONFIG`` and kubectl on the path.
"""

import os
import subprocess
import sys
from pathlib import Path

from k8slab.cluster.choice import source
from k8slab.errors import K8slabError

__all__ = ["labs_folder", "run_lab"]

_FIRST = "00-meet-the-cluster.ipynb"


def labs_folder() -> Path:
    """Return the folder of the labs: beside the package in a checkout, inside it in an installation."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package.parent / "labs", package / "_labs"):
        if (folder / _FIRST).exists():
            return folder
    raise K8slabError(f'the labs are neither beside nor inside "{package}"; name their folder with --labs')


def run_lab(state: Path | None, labs: Path | None, more: list[str]) -> int:
    """Start the cluster, then JupyterLab; return JupyterLab's exit code."""
    folder = labs or labs_folder()
    if not folder.is_dir():
        raise K8slabError(f'there is no folder "{folder}"')
    cluster = source("auto", state)
    cluster.up()
    after = "it goes on when JupyterLab ends (k8slab down stops it)" if cluster.kind == "embedded" else "the labs will use it"
    print(f"the cluster {cluster} is ready; {after}", flush=True)
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    config = [str(Path(__file__).parent / "jupyterlab"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, config))
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    if state is not None:
        environment["K8SLAB_STATE"] = str(state)
    command = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={folder}"]
    first = [f"--LabApp.default_url=/lab/tree/{_FIRST}"] if (folder / _FIRST).exists() else []
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command += [*first, *root, *more]
    if os.name == "posix":  # JupyterLab takes this process over, and so gets its signals
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment)
