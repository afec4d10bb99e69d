"""A JupyterLab of one's own with a notebook in Chromium: what a learner's machine runs beside the cluster."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat

__all__ = ["chromium", "free_port", "notebook", "wait_for"]

_CHROMIUM = os.environ.get("K8SLAB_CHROMIUM", "/usr/bin/chromium")
_ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]


@contextmanager
def notebook(cells: list[str], environment: dict[str, str]) -> Iterator[Any]:
    """Open a notebook with these cells, none of them run yet; give its page."""
    from playwright.sync_api import sync_playwright

    folder = Path(tempfile.mkdtemp(prefix="k8slab-bench-jupyter-"))
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata = nbformat.from_dict({"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    nbformat.write(made, folder / "views.ipynb")
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "lab", "--no-browser", f"--port={port}", f"--ServerApp.root_dir={folder}",
         "--IdentityProvider.token=", "--LabApp.news_url=None", "--allow-root"],
        env={**os.environ, **environment, "JUPYTER_CONFIG_DIR": str(folder / "config"),
             "JUPYTER_RUNTIME_DIR": str(folder / "run"),
             "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/api")
        with sync_playwright() as playwright, chromium(playwright) as browser:
            page = browser.new_page(viewport={"width": 1400, "height": 1300})
            page.goto(f"http://127.0.0.1:{port}/lab/tree/views.ipynb?reset")
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
            page.wait_for_selector("[data-status=idle]", timeout=120_000)
            page.wait_for_timeout(3000)  # JupyterLab drops what is run while it still shakes hands with a new kernel
            yield page
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def chromium(playwright: Any) -> Iterator[Any]:
    """Run Debian's Chromium."""
    browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_ARGUMENTS)
    yield browser
    browser.close()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = 60) -> None:
    """Wait until a Jupyter server answers."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        try:
            if urllib.request.urlopen(url, timeout=1).status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"JupyterLab does not answer at {url}")
