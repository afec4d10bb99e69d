"""JupyterLab on a copy of the labs, in Debian's Chromium, with an embedded cluster of its own."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import free_port

CHROMIUM = "/usr/bin/chromium"
LABS = Path(__file__).resolve().parents[2] / "labs"
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]


@dataclass(frozen=True)
class JupyterLab:
    url: str
    state: Path
    pictures: Path


def answers(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=1).status == 200)
    except OSError:
        return False


@pytest.fixture(scope="module")  # themes, notebooks and objects that one file leaves are not there for the next
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    folder = tmp_path_factory.mktemp("jupyterlab")
    shutil.copytree(LABS, folder / "labs")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("K8SLAB_", "JUPYTER"))} | {
        "K8SLAB_STATE": str(folder / "state"),
        "K8SLAB_PROGRESS": str(folder / "progress.json"),
        "K8SLAB_SEED": "1",
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    port = free_port()
    command = [sys.executable, "-m", "k8slab", "lab", "--labs", str(folder / "labs"), "--no-browser", f"--port={port}",
               "--IdentityProvider.token="]  # fmt: skip
    with (folder / "jupyterlab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    end = time.monotonic() + 60
    while not answers(f"{url}/api") and time.monotonic() < end:
        time.sleep(0.2)
    try:
        yield JupyterLab(url, folder / "state", Path(os.environ.get("K8SLAB_PICTURES", folder)))
        server.terminate()
        server.wait(20)
    finally:
        subprocess.run([sys.executable, "-m", "k8slab", "down"], env=environment, check=True, capture_output=True)


@pytest.fixture
def open_page(jupyterlab: JupyterLab) -> Iterator[Callable[[str], object]]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM} (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def open_page(notebook: str) -> object:
            page = browser.new_page(viewport={"width": 1400, "height": 1300})
            page.goto(f"{jupyterlab.url}/lab/tree/{notebook}?reset")
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
            page.wait_for_selector("[data-status=idle]", timeout=60_000)
            page.wait_for_timeout(3000)  # JupyterLab drops what is run while it still shakes hands with a new kernel
            return page

        yield open_page
        for page in browser.contexts[0].pages if browser.contexts else ():
            page.screenshot(path=jupyterlab.pictures / "where-it-failed.png")
        browser.close()
