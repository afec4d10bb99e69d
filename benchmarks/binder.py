"""A session as mybinder.org gives it, without its container: what `binder/` makes of it, and how much memory it takes.

repo2docker runs ``binder/postBuild`` in the repository's folder, which is also the home; BinderHub starts ``binder/start`` with
``jupyter-lab`` and these arguments, below a path and with a token. The image's login shells have its environment on the path.
Only ``pip install`` is left out: the k8slab here is the one that runs this.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.jupyter import chromium, free_port, wait_for

__all__ = ["BINDER", "BinderSession", "binder_memory", "binder_session", "memory_by_process"]

ROOT = Path(__file__).resolve().parent.parent
BINDER = {
    "BINDER_LAUNCH_HOST": "https://mybinder.org/",
    "BINDER_REQUEST": "v2/gh/someone/k8slab/HEAD",
    "BINDER_PERSISTENT_REQUEST": "v2/gh/someone/k8slab/0123456",
    "BINDER_REPO_URL": "https://github.com/someone/k8slab",
    "BINDER_REF_URL": "https://github.com/someone/k8slab/tree/0123456",
}
_SETTINGS = (
    "ip=127.0.0.1",
    "ServerApp.base_url=/user/someone-k8slab-1/",
    "ServerApp.token=secret",
    "ServerApp.trust_xheaders=True",
)


@dataclass(frozen=True)
class BinderSession:
    """A running session."""

    home: Path
    port: int
    process: psutil.Process

    def address(self, path: str) -> str:
        """Return where the browser is sent by a badge with this ``urlpath``."""
        return f"http://127.0.0.1:{self.port}/user/someone-k8slab-1/{path}?token=secret"

    def notebook(self, lab: str) -> Path:
        """Return a lab's notebook, with its solutions if there are copies with and without."""
        labs = self.home / "labs"
        return next(path for folder in (labs / "solved", labs) for path in folder.glob(f"{lab}-*.ipynb"))

    def busy(self) -> bool:
        """Whether a kernel is running a cell."""
        with urllib.request.urlopen(self.address("api/kernels"), timeout=10) as answer:
            return any(kernel["execution_state"] == "busy" for kernel in json.load(answer))

    @property
    def progress(self) -> Path:
        """The learner's progress file."""
        return self.home / ".local/state/k8slab/progress.json"


@contextmanager
def binder_session(more: dict[str, str] | None = None) -> Iterator[BinderSession]:
    """Build and start a session, and take it down with its cluster."""
    home = Path(tempfile.mkdtemp(prefix="k8slab-binder-"))
    for folder in ("labs", "binder", "clusters"):
        shutil.copytree(ROOT / folder, home / folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    environment = _environment(home) | (more or {})
    (home / ".bash_profile").write_text(f'export PATH="{Path(sys.executable).parent}:$PATH"\n')
    build = "\n".join(line for line in (home / "binder/postBuild").read_text().splitlines() if "pip install" not in line)
    subprocess.run(["bash", "-c", build], cwd=home, env=environment, check=True, capture_output=True)
    port = free_port()
    root = ["--allow-root"] if os.geteuid() == 0 else []
    command = ["binder/start", "jupyter-lab", f"--port={port}", *(f"--{setting}" for setting in _SETTINGS), "--no-browser", *root]
    command.append(f"--LabApp.extra_labextensions_path={ROOT / 'k8slab/jupyterlab/labextensions'}")
    with (home / ".jupyter-server-log.txt").open("w") as log:
        server = subprocess.Popen(command, cwd=home, env=environment, stdout=log, stderr=log)
    session = BinderSession(home, port, psutil.Process(server.pid))
    try:
        wait_for(session.address("api"))
        yield session
    finally:
        server.terminate()
        server.wait(20)
        subprocess.run([sys.executable, "-m", "k8slab", "down"], cwd=home, env=environment, check=True, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("LANG", "PYTHONPATH", "TMPDIR", "USER")}
    path = f"{Path(sys.executable).parent}:{os.defpath}"
    ours = {"HOME": str(home), "REPO_DIR": str(home), "PATH": path, "SHELL": "/bin/bash"}
    return {**kept, **ours, **BINDER, "JUPYTER_CONFIG_PATH": str(ROOT / "k8slab/jupyterlab/etc")}


def memory_by_process(session: BinderSession) -> dict[str, int]:
    """Return the resident bytes of each part of a session. What processes share is counted for each: it is rather too much."""
    sizes: dict[str, int] = {}
    for process in psutil.process_iter():
        try:
            if process.environ().get("HOME") != str(session.home):
                continue
            size, words = process.memory_info().rss, " ".join(process.cmdline())
        except (psutil.Error, OSError):
            continue
        kinds = {"ipykernel": "kernels", "k8slab.sim": "cluster", "jupyter-lab": "JupyterLab's server"}
        kind = next((kind for part, kind in kinds.items() if part in words), "terminal and others")
        sizes[kind] = sizes.get(kind, 0) + size
    return sizes


def binder_memory(lab: str = "10") -> dict[str, str]:
    """Run a whole lab beside a terminal, as on Binder, and note the most that all processes take together.

    The cluster's clock runs 20 times as fast: a lab's minutes of waiting take no memory.
    """
    from playwright.sync_api import sync_playwright

    with binder_session() as session, sync_playwright() as playwright, chromium(playwright) as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(session.address("lab/workspaces/k8slab"))
        page.wait_for_selector(".jp-Terminal", timeout=60_000)
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.wait_for_timeout(5000)
        start = memory_by_process(session)
        subprocess.run([sys.executable, "-m", "k8slab", "clock", "--rate", "20"], env=_environment(session.home), check=True)
        notebook = session.notebook(lab).relative_to(session.home)
        page.goto(session.address(f"lab/workspaces/k8slab/tree/{notebook}"))
        most = _watch(page, session)
    total = sum(most.values())
    parts = {f"  {kind}": _mib(size) for kind, size in sorted(most.items(), key=lambda item: -item[1])}
    return {f"Binder, lab {lab} run whole: most": _mib(total), **parts, "  before it": _mib(sum(start.values()))}


def _watch(page: Any, session: BinderSession, seconds: float = 900) -> dict[str, int]:
    """Run all cells of the notebook in front, and return the largest of what was seen meanwhile."""
    page.wait_for_selector(".jp-NotebookPanel:visible .jp-Cell", timeout=60_000)
    page.wait_for_timeout(5000)
    page.click(".lm-MenuBar-item:has-text('Run')")
    page.click("li[data-command='runmenu:run-all']")
    most: dict[str, int] = {}
    end = time.monotonic() + seconds
    quiet = 0
    while quiet < 5 and time.monotonic() < end:
        page.wait_for_timeout(1000)
        sizes = memory_by_process(session)
        most = max(most, sizes, key=lambda found: sum(found.values()))
        quiet = 0 if session.busy() else quiet + 1
    return most


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MB"
