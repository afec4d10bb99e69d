"""The labs in a real JupyterLab in a real browser: what a learner sees, and that it follows the cluster."""

import sys
from pathlib import Path

import pytest

from k8slab.client import Cluster, apply, connect, wait_for
from tests.processes import eventually

POD = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "web", "image": "chatter/web:1.0"}]}}


def choose_cell(page, index: int) -> None:
    """Make a cell the active one; JupyterLab may still be moving things about, so see that it is."""
    cell = f".jp-Notebook .jp-Cell[data-windowed-list-index='{index}']"
    for _ in range(40):
        page.click(f"{cell} .jp-InputPrompt", force=True)
        if page.locator(f"{cell}.jp-mod-active").count():
            return
        page.wait_for_timeout(250)
    raise AssertionError(f"cell {index} cannot be chosen")


def run_all(page) -> None:
    choose_cell(page, 0)
    page.click(".lm-MenuBar-item:has-text('Run')")
    page.click("li[data-command='runmenu:run-all']")


def run_up_to_the_graph(page) -> None:
    """Title, setup, a text, the graph: four times Shift+Enter in lab 01."""
    for done in range(1, 5):
        choose_cell(page, done - 1)
        page.keyboard.press("Shift+Enter")


def shows(page, words: str, timeout: float) -> None:
    """Wait until a live view says the words."""
    script = "words => [...document.querySelectorAll('.k8slab-view')].some(v => v.innerText.includes(words))"
    page.wait_for_function(script, arg=words, timeout=timeout * 1000, polling=20)


def colours(page, view: str) -> int:
    """Return how many different colours the canvas of a view has."""
    return page.evaluate(
        """view => { const c = document.querySelector(view + ' canvas');
        const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data; const seen = new Set();
        for (let i = 0; i < data.length; i += 4) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
        return seen.size; }""",
        view,
    )


def cluster_of(state: Path, namespace: str) -> Cluster:
    cluster = connect(kubeconfig=state / "kubeconfig")
    cluster.namespace = namespace
    return cluster


def test_the_graph_is_drawn_and_follows_the_cluster(open_page, jupyterlab) -> None:
    page = open_page("01-pods.ipynb")
    run_up_to_the_graph(page)
    page.wait_for_selector(".k8slab-view canvas", timeout=60_000)
    shows(page, "4 nodes, 0 pods", 20)
    page.screenshot(path=jupyterlab.pictures / "empty.png")
    before = colours(page, ".k8slab-view")
    assert before > 3
    cluster = cluster_of(jupyterlab.state, "lab-01")
    apply(cluster, {**POD, "metadata": {"name": "extra"}})
    shows(page, "4 nodes, 1 pod", 20)
    wait_for(cluster, "pod/extra")
    shows(page, "1 pod: 1 Running", 20)
    assert colours(page, ".k8slab-view") > before
    page.screenshot(path=jupyterlab.pictures / "one-pod.png")
    cluster.delete("pods", "extra", grace_period=0)
    shows(page, "4 nodes, 0 pods", 20)
    cluster.close()
    page.close()


def test_a_learner_can_use_the_keyboard_and_read_the_details(open_page, jupyterlab) -> None:
    cluster = cluster_of(jupyterlab.state, "lab-01")
    apply(cluster, {**POD, "metadata": {"name": "extra"}})
    wait_for(cluster, "pod/extra")
    page = open_page("01-pods.ipynb")
    run_up_to_the_graph(page)
    shows(page, "1 Running", 60)
    page.locator(".k8slab-view .canvas").first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
        page.wait_for_timeout(300)
        if "Kind Pod" in page.locator(".k8slab-view .alt").first.inner_text():
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".k8slab-view .details:has-text('Successfully assigned lab-01/extra')", timeout=30_000)
    page.screenshot(path=jupyterlab.pictures / "details.png")
    cluster.delete("pods", "extra", grace_period=0)
    cluster.close()
    page.close()


@pytest.mark.parametrize("notebook", ["00-meet-the-cluster.ipynb", "01-pods.ipynb"])
def test_a_learner_who_runs_all_cells_gets_no_exercise_solved(open_page, jupyterlab, notebook: str) -> None:
    page = open_page(notebook)
    run_all(page)
    page.wait_for_function("() => document.querySelectorAll('[data-status=idle]').length > 0", timeout=180_000)
    page.wait_for_timeout(2000)
    page.wait_for_selector("[data-status=idle]", timeout=240_000)
    page.screenshot(path=jupyterlab.pictures / f"all-{notebook[:2]}.png")
    text = page.evaluate("() => document.querySelector('.jp-Notebook').innerText")
    assert "Traceback (most recent call last)" not in text
    page.close()


def test_in_a_dark_theme_the_drawing_is_dark_too(open_page, jupyterlab) -> None:
    page = open_page("01-pods.ipynb")
    run_up_to_the_graph(page)
    page.wait_for_selector(".k8slab-view canvas", timeout=60_000)
    page.click(".lm-MenuBar-item:has-text('Settings')")
    page.click("li:has-text('Theme') >> nth=0")
    page.click("li[data-command='apputils:change-theme']:has-text('JupyterLab Dark')")
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'", timeout=30_000)
    page.wait_for_function(
        """() => { const c = document.querySelector('.k8slab-view canvas');
        return [...c.getContext('2d').getImageData(60, 60, 1, 1).data].slice(0, 3).every((ink) => ink < 100); }"""
    )
    page.screenshot(path=jupyterlab.pictures / "dark.png")
    assert colours(page, ".k8slab-view") > 3
    page.close()


def test_the_launcher_leads_to_the_labs_and_nobody_is_reminded_of_anything(open_page, jupyterlab) -> None:
    page = open_page("01-pods.ipynb")
    page.click(".lm-DockPanel .lm-TabBar-addButton >> nth=0")
    page.wait_for_selector(".jp-LauncherCard[data-category=k8slab][title^='Lab 10: Scaling.']", timeout=20_000)
    page.screenshot(path=jupyterlab.pictures / "launcher.png")
    page.click(".jp-LauncherCard[data-category=k8slab] >> nth=0")
    page.wait_for_selector(".jp-NotebookPanel:visible h1:has-text('Lab 00')", timeout=20_000)
    assert page.locator(".k8slab-bar").count() == 0, "here files are kept"
    page.close()


def test_a_terminal_sees_the_same_cluster(open_page, jupyterlab) -> None:
    page = open_page("01-pods.ipynb")
    run_up_to_the_graph(page)
    page.click(".lm-MenuBar-item:has-text('File')")
    page.hover("li.lm-Menu-item:has-text('New')")
    page.click("li[data-command='terminal:create-new']")
    page.wait_for_selector(".jp-Terminal", timeout=20_000)
    page.wait_for_timeout(2000)
    said = jupyterlab.state.parent / "said"
    page.keyboard.type(f"(which kubectl k8slab; k8slab status; kubectl get ns lab-01; echo $?) > {said} 2>&1\n")
    eventually(lambda: said.exists() and said.read_text().endswith("0\n"), 30)
    page.screenshot(path=jupyterlab.pictures / "terminal.png")
    assert f"{sys.prefix}/bin/kubectl" in said.read_text()
    assert "4 of 4 ready" in said.read_text()
    assert "official Jupyter news" not in page.evaluate("() => document.body.innerText")
    page.close()
