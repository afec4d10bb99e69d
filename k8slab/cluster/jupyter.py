"""``k8slab lab``: JupyterLab on the labs, with a cluster behind it.

Terminals opened in JupyterLab find the cluster through ``$KUBECONFIG`` and kubectl on the path.
"""

import os
import subprocess
import sys
from pathlib import Path

from k8slab.cluster.choice import source
from k8slab.cluster.labs import FIRST, labs_folder

__all__ = ["run_lab"]


def run_lab(state: Path | None, labs: Path | None, more: list[str]) -> int:
    """Start the cluster, then JupyterLab; return JupyterLab's exit code."""
    folder, said = labs_folder(labs)
    if said:
        print(said, flush=True)
    cluster = source("auto", state)
    cluster.up()
    after = "it goes on when JupyterLab ends (k8slab down stops it)" if cluster.kind == "embedded" else "the labs will use it"
    print(f"the cluster {cluster} is ready; {after}", flush=True)
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    ours = Path(__file__).parent.parent / "jupyterlab"
    config = [str(ours / "config"), str(ours / "etc"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, config))
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    if state is not None:
        environment["K8SLAB_STATE"] = str(state)
    command = [sys.executable, "-m", "jupyter", "lab", f"--ServerApp.root_dir={folder}"]
    first = [f"--LabApp.default_url=/lab/tree/{FIRST}"] if (folder / FIRST).exists() else []
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command += [*first, *root, *more]
    if os.name == "posix":  # JupyterLab takes this process over, and so gets its signals
        os.execve(command[0], command, environment)
    return subprocess.call(command, env=environment)
