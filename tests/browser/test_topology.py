"""The topology view in a real JupyterLab: drawn, changed in place, filtered, grouped, clicked, asked, dark, reopened.

One page for all tests of this module, in their order: a learner does all of this in one notebook, too.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from k8slab.client import Cluster, apply, connect
from tests.processes import eventually

from .conftest import ARGUMENTS, CHROMIUM, JupyterLab

SETUP = (
    "from k8slab.client import connect\nfrom k8slab.cluster import use\nfrom k8slab.views import TopologyView\n"
    "cluster = connect(kubeconfig=use().kubeconfig)\ncluster.namespace = 'topology'"
)
CELLS = [SETUP, "TopologyView(cluster, 'traffic', 'topology')", "import time\nfor _ in range(1200): time.sleep(0.1)"]
VIEW = ".k8slab-view"


def workload(name: str, replicas: int) -> str:
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: topology}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: "nginx:1.27"}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: topology}}
spec: {{type: NodePort, selector: {{app: {name}}}, ports: [{{port: 80}}]}}
"""


@pytest.fixture(scope="module")
def page(jupyterlab: JupyterLab) -> Iterator[object]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM} (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    write(jupyterlab.state.parent / "labs" / "topology.ipynb")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1400, "height": 1300})
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(str(error)))
        page.goto(f"{jupyterlab.url}/lab/tree/topology.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.wait_for_selector("[data-status=idle]", timeout=60_000)
        page.wait_for_timeout(3000)  # JupyterLab drops what is run while it still shakes hands with a new kernel
        run(page, 0)
        page.wait_for_selector(".jp-Cell:first-child .jp-InputPrompt:has-text('[1]')", timeout=60_000)
        yield page
        page.screenshot(path=jupyterlab.pictures / "topology-last.png")
        browser.close()


@pytest.fixture(scope="module")
def cluster(page, jupyterlab: JupyterLab) -> Iterator[Cluster]:
    cluster = connect(kubeconfig=jupyterlab.state / "kubeconfig")
    apply(cluster, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "topology"}})
    yield cluster
    cluster.delete("namespaces", "topology")
    cluster.close()


def write(path: Path) -> None:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    made.metadata = nbformat.from_dict({"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    nbformat.write(made, path)


def run(page, cell: int) -> None:
    page.click(f".jp-Notebook .jp-Cell[data-windowed-list-index='{cell}'] .jp-InputPrompt", force=True)
    page.keyboard.press("Shift+Enter")


def says(page, words: str, where: str = ".alt") -> None:
    script = "([where, words]) => document.querySelector('.k8slab-view ' + where)?.innerText.includes(words)"
    try:
        page.wait_for_function(script, arg=[where, words], timeout=30_000, polling=50)
    except Exception as error:
        said = page.evaluate("where => document.querySelector('.k8slab-view ' + where)?.innerText", where)
        raise AssertionError(f"{words!r} not in:\n{said}") from error


def click_item(page, item: str) -> None:
    """Click on an item of the canvas; it is waited for until it stands still."""
    spot = """item => { const s = document.querySelector('.k8slab-view .canvas').stage; const i = s.scene.items[item];
        if (!i || s.moves.size) return null; const p = s.camera.toRoom(i.x, i.y), b = s.node.getBoundingClientRect();
        return [b.left + p.x, b.top + p.y]; }"""
    page.wait_for_function(spot, arg=item, timeout=20_000)
    page.mouse.click(*page.evaluate(spot, item))


def control(page, label: str):
    return page.locator(f"{VIEW} .toolbar label:has-text('{label}') >> css=select, input").first


def items(page) -> list[str]:
    return page.evaluate("() => Object.keys(document.querySelector('.k8slab-view .canvas').stage.scene.items)")


def paper(page) -> list[int]:
    script = """() => { const c = document.querySelector('.k8slab-view canvas');
        return [...c.getContext('2d').getImageData(4, 4, 1, 1).data].slice(0, 3); }"""
    return page.evaluate(script)


def test_it_is_drawn_and_changes_in_place(page, cluster, jupyterlab) -> None:
    apply(cluster, workload("web", 3))
    run(page, 1)
    page.wait_for_selector(f"{VIEW} canvas", timeout=60_000)
    says(page, "3 Pods, 1 Service")
    page.evaluate("() => { document.querySelector('.k8slab-view canvas').dataset.mine = 'yes'; }")
    before = page.evaluate("() => ({...document.querySelector('.canvas').stage.scene.items['Service/topology/web']})")
    apply(cluster, workload("api", 2))
    says(page, "5 Pods, 2 Services")
    assert page.locator(f"{VIEW} canvas[data-mine]").count() == 1, "the same canvas"
    after = page.evaluate("() => ({...document.querySelector('.canvas').stage.scene.items['Service/topology/web']})")
    assert (before["x"], before["y"]) == (after["x"], after["y"]), "what was there stands where it stood"
    page.screenshot(path=jupyterlab.pictures / "topology-traffic.png")


def test_a_filter_shows_what_matches_with_its_way_and_the_kubectl_command(page, cluster, jupyterlab) -> None:
    page.locator(f"{VIEW} .toolbar input").fill("app=api")
    says(page, "2 Pods, 1 Service")
    says(page, "-l app=api", ".commandline")
    page.locator(f"{VIEW} .toolbar input").fill("app=api,")
    says(page, "is no label selector", ".problem")
    page.locator(f"{VIEW} .toolbar input").fill("")
    says(page, "5 Pods, 2 Services")


def test_a_kind_is_hidden_by_its_chip(page, cluster) -> None:
    chip = page.locator(f"{VIEW} .chips button[data-kind=Node]")
    assert "Node" in page.locator(f"{VIEW} .alt").inner_text()
    chip.click()
    page.wait_for_function("() => !document.querySelector('.k8slab-view .alt').innerText.includes('Node')", timeout=20_000)
    assert chip.get_attribute("aria-pressed") == "false"
    chip.click()
    says(page, "Node")


def test_pods_of_a_workload_stand_together_and_come_apart(page, cluster, jupyterlab) -> None:
    page.locator(f"{VIEW} .toggle:has-text('Group by owner')").click()
    page.wait_for_function(
        "() => document.querySelector('.canvas').stage.scene.items['Pods/topology/Deployment/web']", timeout=20_000
    )
    assert not any(item.startswith("Pod/") for item in items(page))
    click_item(page, "Pods/topology/Deployment/web")
    says(page, "Members (3)", ".details")
    page.screenshot(path=jupyterlab.pictures / "topology-grouped.png")
    page.locator(f"{VIEW} .details button:has-text('Show each of them')").click()
    page.wait_for_function(
        "() => !document.querySelector('.canvas').stage.scene.items['Pods/topology/Deployment/web']", timeout=20_000
    )
    assert sum(item.startswith("Pod/topology/web") for item in items(page)) == 3
    page.locator(f"{VIEW} .toggle:has-text('Group by owner')").click()
    page.wait_for_function(
        "() => !document.querySelector('.canvas').stage.scene.items['Pods/topology/Deployment/api']", timeout=20_000
    )


def test_a_click_shows_yaml_events_commands_and_why(page, cluster, jupyterlab) -> None:
    pod = next(item for item in items(page) if item.startswith("Pod/topology/api"))
    click_item(page, pod)
    says(page, "Successfully assigned", ".details")
    assert f"name: {pod.rpartition('/')[2]}" in page.locator(f"{VIEW} .details pre").first.text_content()
    assert "kubectl describe pod/" in page.locator(f"{VIEW} .details").text_content()
    page.locator(f"{VIEW} .details button:has-text('Why is it so?')").click()
    page.wait_for_function(
        "() => { const w = document.querySelector('.k8slab-view .why'); return !w.hidden && w.innerText.length > 20; }",
        timeout=30_000,
    )
    page.screenshot(path=jupyterlab.pictures / "topology-details.png")


def test_the_details_follow_what_was_clicked(page, cluster) -> None:
    first = {"name": "first", "image": "busybox:1.36", "command": ["sleep", "8"]}
    spec = {"initContainers": [first], "containers": [{"name": "c", "image": "nginx:1.27"}]}
    named = {"name": "late", "namespace": "topology", "labels": {"app": "api"}}
    apply(cluster, {"apiVersion": "v1", "kind": "Pod", "metadata": named, "spec": spec})
    click_item(page, "Pod/topology/late")
    says(page, "Init:0/1", ".details")
    says(page, "Running", ".details .facts")
    says(page, "already present on machine", ".details .more")
    cluster.delete("pods", "late", "topology", grace_period=0)
    page.wait_for_selector(f"{VIEW} .details", state="hidden", timeout=20_000)


def test_a_question_is_answered_on_the_picture(page, cluster, jupyterlab) -> None:
    click_item(page, next(item for item in items(page) if item.startswith("Pod/topology/api")))
    page.locator(f"{VIEW} .toolbar label:has-text('Ask') select").select_option("path")
    says(page, "Client/outside → Service/topology/api", ".answer")
    page.screenshot(path=jupyterlab.pictures / "topology-path.png")
    page.locator(f"{VIEW} .answer button").click()
    page.wait_for_function("() => document.querySelector('.k8slab-view .answer').hidden", timeout=20_000)


def test_the_keyboard_is_enough(page, cluster) -> None:
    page.locator(f"{VIEW} .canvas").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    says(page, "Kind ")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{VIEW} .details:not([hidden])", timeout=20_000)
    page.keyboard.press("Escape")
    page.wait_for_selector(f"{VIEW} .details", state="hidden", timeout=20_000)


def test_it_follows_and_obeys_while_a_cell_runs(page, cluster, jupyterlab) -> None:
    run(page, 2)
    page.wait_for_selector("[data-status=busy]", timeout=20_000)
    apply(cluster, workload("web", 4))
    says(page, "6 Pods")
    page.locator(f"{VIEW} .toolbar input").fill("api")
    says(page, "2 Pods, 1 Service")
    assert page.locator("[data-status=busy]").count(), "and the cell still runs"
    page.locator(f"{VIEW} .toolbar input").fill("")
    says(page, "6 Pods")
    page.click("button[data-command='notebook:interrupt-kernel'], [data-jp-item-name=interrupt] button, [title*='Interrupt']")
    page.wait_for_selector("[data-status=idle]", timeout=30_000)


TITLES = {
    "placement": "Nodes and their pods", "ownership": "Who owns whom", "access": "Who may do what",
    "storage": "Claims and their volumes", "configuration": "Who reads which configuration",
    "zones": "Zones, nodes and their pods", "reachability": "Who may talk to whom", "traffic": "The way of a request",
}  # fmt: skip


def test_every_topology_is_one_choice_away(page, cluster, jupyterlab) -> None:
    for name, title in TITLES.items():
        page.locator(f"{VIEW} .toolbar label:has-text('Show') select").select_option(name)
        says(page, title, ".bar strong")
        page.wait_for_timeout(400)
        page.screenshot(path=jupyterlab.pictures / f"topology-{name}.png")
    assert page.problems == []


def test_in_a_dark_theme_it_is_dark_too(page, cluster, jupyterlab) -> None:
    assert min(paper(page)) > 200
    page.click(".lm-MenuBar-item:has-text('Settings')")
    page.click("li:has-text('Theme') >> nth=0")
    page.click("li[data-command='apputils:change-theme']:has-text('JupyterLab Dark')")
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'", timeout=30_000)
    eventually(lambda: page.wait_for_timeout(100) or max(paper(page)) < 60, 20)
    page.screenshot(path=jupyterlab.pictures / "topology-dark.png")


def test_it_says_when_the_cluster_goes_away_and_goes_on_when_it_is_back(page, cluster, jupyterlab) -> None:
    environment = {**os.environ, "K8SLAB_STATE": str(jupyterlab.state)}
    k8slab = [sys.executable, "-m", "k8slab"]
    subprocess.run([*k8slab, "down", "--keep"], env=environment, check=True, capture_output=True)
    says(page, "The cluster went away", ".banner")
    subprocess.run([*k8slab, "up"], env=environment, check=True, capture_output=True)
    page.wait_for_function("() => document.querySelector('.k8slab-view .banner').hidden", timeout=60_000)
    apply(cluster, workload("web", 1))
    says(page, "3 Pods")


def test_reopened_without_a_kernel_it_is_a_picture_and_the_notebook_is_small(page, cluster, jupyterlab) -> None:
    page.keyboard.press("Control+s")
    path = jupyterlab.state.parent / "labs" / "topology.ipynb"
    page.wait_for_function("() => !document.querySelector('.jp-mod-dirty')", timeout=20_000)
    eventually(lambda: page.wait_for_timeout(100) or "image/svg+xml" in path.read_text(), 20)
    saved = path.read_text()
    assert len(saved) < 200_000
    end_kernels(page)
    page.goto(f"{jupyterlab.url}/lab/tree/topology.ipynb?reset")
    picture = page.locator(".jp-OutputArea img[alt^='The way of a request']")
    picture.wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    page.screenshot(path=jupyterlab.pictures / "topology-reopened.png")
    assert picture.bounding_box()["width"] > 300
    shown = page.locator(".jp-Notebook").inner_text()
    assert "model not found" not in shown
    assert "Loading widget" not in shown


def end_kernels(page) -> None:
    page.evaluate("""async () => {
        const token = document.cookie.match(/_xsrf=([^;]+)/)[1];
        for (const { id } of await (await fetch('/api/sessions')).json())
            await fetch(`/api/sessions/${id}`, { method: 'DELETE', headers: { 'X-XSRFToken': token } }); }""")
