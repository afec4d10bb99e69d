"""Every view in a real JupyterLab in a real browser, all in one notebook: drawn, updated in place, filtered, clicked, operated by
keyboard while a cell runs, in a dark theme, in the past, with the cluster away, and read again without a kernel.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8slab.client import Cluster, apply, connect, wait_for
from tests.processes import eventually

from .conftest import ARGUMENTS, CHROMIUM, JupyterLab

WEB = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
    "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{
            "name": "web", "image": "chatter/web:1.0", "resources": {"requests": {"cpu": "200m"}},
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1},
        }]},
    }},
}  # fmt: skip


def pod(name: str, command: str) -> dict[str, Any]:
    containers = [{"name": "c", "image": "busybox:1.36", "command": ["sh", "-c", command]}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": containers},
    }


WORLD = [
    WEB,
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
     "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}},
    {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}, "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 5,
        "metrics": [{"type": "Resource", "resource": {
            "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}]}},
    pod("client", "while true; do echo tick; sleep 1; done"),
    pod("stranger", "sleep 9999"),
]  # fmt: skip
_FROM_CLIENT = [{"podSelector": {"matchLabels": {"app": "client"}}}]
POLICY = {
    "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "only-client"},
    "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": _FROM_CLIENT}]},
}  # fmt: skip
SETUP = """import k8slab
lab = k8slab.lab("01")
lab.apply(open("world.yaml").read())
for thing in ("pod/client", "pod/stranger"): lab.wait_for(thing)
lab.wait_for("deployment/web", "Available")"""
#: Name of a view -> the cell that makes it, and its title.
VIEWS = {
    "scheduling": ('lab.scheduling("client")', "Scheduling of client"),
    "path": ('lab.path("pod/stranger", "svc/web:80")', "Packet path"),
    "matrix": ("lab.matrix()", "Who may talk to whom"),
    "access": ('lab.access("sa/default", "list pods")', "Who may do what"),
    "rollout": ('lab.rollout("deployment/web")', "Rollout of web"),
    "autoscaling": ('lab.autoscaling("hpa/web")', "Autoscaling of deployment/web"),
    "filling": ("lab.filling()", "How full the nodes are"),
    "timeline": ("lab.timeline()", "What happened"),
    "diff": ('lab.diff("deployment/web")', "Deployment web"),
    "logs": ('lab.logs("app=client")', "Logs"),
    "clock": ("lab.clock_control()", "Clock"),
    "faults": ("lab.faults()", "Faults"),
}


def notebook(cells: list[str]) -> dict[str, Any]:
    made = [{"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "execution_count": None, "outputs": [], "source": source}
            for i, source in enumerate(cells)]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


@dataclass
class Shown:
    """The notebook in the browser, and the cluster it shows."""

    page: Any
    cluster: Cluster
    lab: JupyterLab
    problems: list[str]

    def view(self, name: str) -> Any:
        return self.page.locator(".k8slab-view", has=self.page.locator(f".bar strong:text-is('{VIEWS[name][1]}')")).first

    def says(self, name: str, words: str, seconds: float = 30) -> None:
        try:
            self.view(name).filter(has_text=words).wait_for(timeout=seconds * 1000)
        except Exception as error:
            raise AssertionError(f"{words!r} not in:\n{self.view(name).inner_text()}") from error

    def says_not(self, name: str, words: str, seconds: float = 30) -> None:
        self.page.wait_for_function(
            "([title, words]) => ![...document.querySelectorAll('.k8slab-view')].find(v =>"
            " v.querySelector('.bar strong').textContent === title).innerText.includes(words)",
            arg=[VIEWS[name][1], words], timeout=seconds * 1000,
        )  # fmt: skip

    def press(self, name: str, button: str) -> None:
        self.view(name).get_by_role("button", name=button, exact=True).click()

    def picture(self, name: str) -> None:
        self.view(name).screenshot(path=self.lab.pictures / f"view-{name}.png")

    def run(self, title: str) -> None:
        self.page.click(f".lm-MenuBar-item:has-text('{title.split('>')[0]}')")
        self.page.click(f"li[data-command='{title.split('>')[1]}']")


@pytest.fixture(scope="module")
def shown(jupyterlab: JupyterLab) -> Iterator[Shown]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM} (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    labs = jupyterlab.state.parent / "labs"
    (labs / "world.yaml").write_text(yaml.safe_dump_all(WORLD))
    (labs / "views.ipynb").write_text(json.dumps(notebook([SETUP, *(source for source, _ in VIEWS.values()), "pass"])))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        # so high that JupyterLab keeps all outputs in the page
        page = browser.new_page(viewport={"width": 1300, "height": 9000})
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{jupyterlab.url}/lab/tree/views.ipynb?reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.wait_for_selector("[data-status=idle]", timeout=60_000)
        page.wait_for_timeout(3000)  # JupyterLab drops what is run while it still shakes hands with a new kernel
        shown = Shown(page, None, jupyterlab, problems)  # type: ignore[arg-type]
        shown.run("Run>runmenu:run-all")
        page.wait_for_function(f"() => document.querySelectorAll('.k8slab-view').length === {len(VIEWS)}", timeout=90_000)
        shown.cluster = connect(kubeconfig=jupyterlab.state / "kubeconfig")
        shown.cluster.namespace = "lab-01"
        yield shown
        page.screenshot(path=jupyterlab.pictures / "views-at-the-end.png")
        shown.cluster.delete("namespaces", "lab-01")
        shown.cluster.close()
        browser.close()


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_drawn_and_has_words_for_its_picture(shown: Shown, name: str) -> None:
    view = shown.view(name)
    view.wait_for(timeout=20_000)
    assert view.locator(".alt").inner_text()
    for svg in view.locator(".drawing > svg").all():
        assert svg.get_attribute("aria-label"), "a drawing without a name"
    assert "kubectl " in view.locator(".commands").inner_text(), "the same in a terminal"
    shown.picture(name)
    assert shown.problems == []


def test_the_scheduling_view_replays_the_decision_step_by_step_and_goes_to_another_pod(shown: Shown) -> None:
    view = shown.view("scheduling")
    star = view.locator("td:has-text('★')").first
    assert star.is_visible()
    frames = view.locator(".frames")
    frames.locator("input").focus()
    shown.page.keyboard.press("Home")
    assert "where can the pod run?" in frames.inner_text()
    assert not star.is_visible(), "the winner is not known yet"
    for _ in range(3):
        frames.get_by_label("Step forward").click()
    assert "TaintToleration: refuses control-plane" in frames.inner_text()
    assert view.locator("td.nowstep:has-text('✗')").count() == 1
    frames.locator("input").focus()
    shown.page.keyboard.press("End")
    assert star.is_visible()
    view.locator("td:text-is('✗')").first.click()
    assert "refuses it: node(s) had untolerated taint" in view.locator(".more").first.inner_text()
    shown.picture("scheduling")
    view.locator("select").select_option("stranger")
    shown.page.locator(".k8slab-view .bar strong:text-is('Scheduling of stranger')").wait_for(timeout=30_000)
    shown.page.locator(".k8slab-view select:has(option[value=stranger])").first.select_option("client")
    shown.says("scheduling", "Scheduling of client")


def test_a_policy_changes_path_and_matrix_in_place(shown: Shown) -> None:
    shown.says("path", "connected")
    shown.says("matrix", "6 pairs may talk, 0 may not.")
    for name in ("path", "matrix"):
        shown.view(name).locator("table").first.evaluate("t => t.dataset.mine = '1'")
    apply(shown.cluster, POLICY)
    shown.says("path", "isolated by lab-01/only-client")
    shown.says("matrix", "5 pairs may talk, 1 may not.")
    for name in ("path", "matrix"):
        assert shown.view(name).locator("table[data-mine='1']").count() == 1, "the table is changed, not made anew"
    shown.picture("path")
    shown.view("path").locator("select").select_option("lab-01/client")
    shown.says("path", "lab-01/client → service/lab-01/web:80: reaches")


def test_a_cell_of_the_matrix_says_who_decides_by_click_and_by_keyboard(shown: Shown) -> None:
    view = shown.view("matrix")
    view.locator("td:text-is('✗')").first.click()
    more = view.locator(".more")
    assert "lab-01/stranger → lab-01/web, port 8080: refused." in more.inner_text()
    assert "Decided by NetworkPolicy lab-01/only-client." in more.inner_text()
    shown.picture("matrix")
    view.locator("td.chosen").focus()
    shown.page.keyboard.press("ArrowUp")
    shown.page.keyboard.press("ArrowUp")
    shown.page.keyboard.press("Enter")
    assert "lab-01/client → lab-01/web, port 8080: allowed." in more.inner_text()
    shown.page.keyboard.press("Escape")
    assert not more.is_visible()
    shown.press("matrix", "Pods")
    shown.says("matrix", "4 pods:")
    view.locator("select").select_option("")
    shown.says("matrix", "kubectl get networkpolicies -A")


def test_one_can_become_a_subject_and_ask(shown: Shown) -> None:
    shown.says("access", "No: list pods.")
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": "lab-01"}
    apply(shown.cluster, {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "may-view"},
                          "roleRef": ref, "subjects": [subject]})  # fmt: skip
    shown.says("access", "Yes: list pods. RoleBinding may-view gives it ClusterRole view")
    shown.press("access", "Become it and ask the cluster")
    shown.says("access", "The cluster says yes: RBAC: allowed by RoleBinding")
    shown.picture("access")
    question = shown.view("access").locator("input[type=text]")
    question.fill("delete pods")
    question.press("Enter")
    shown.says("access", "No: delete pods.")


def test_a_rollout_is_a_chart_that_the_arrow_keys_read_out(shown: Shown) -> None:
    apply(shown.cluster, json.loads(json.dumps(WEB).replace("web:1.0", "web:1.1")), force=True)
    shown.says("rollout", "2 ReplicaSets.")
    shown.says("rollout", "Complete: 2 of 2 pods", 40)
    chart = shown.view("rollout").locator("svg[role=img]")
    chart.focus()
    shown.page.keyboard.press("End")
    assert "rev. 2 ready 2" in shown.view("rollout").locator(".reading").inner_text()
    shown.picture("rollout")
    shown.view("rollout").locator(".twin summary").click()
    assert "rev. 1 ready" in shown.view("rollout").locator(".twin table").inner_text()
    shown.press("rollout", "Pause")
    shown.says("rollout", "Paused")
    shown.press("rollout", "Resume")
    shown.says("rollout", "Complete")


def test_the_filling_of_nodes_can_be_opened_and_filtered(shown: Shown) -> None:
    shown.view("filling").locator("svg [aria-label*='lab-01/web']").first.focus()
    shown.page.keyboard.press("Enter")
    shown.says("filling", "asks for 200m cpu")
    shown.picture("filling")
    field = shown.view("filling").locator("input[type=text]")
    field.fill("zone-a")
    field.press("Enter")
    shown.says("filling", "2 nodes;")


def test_moving_the_scrubber_takes_all_views_to_the_past_and_live_returns(shown: Shown) -> None:
    apply(shown.cluster, pod("shortlived", "sleep 9999"))
    wait_for(shown.cluster, "pod/shortlived")
    shown.says("timeline", "Pod lab-01/shortlived")
    shown.cluster.delete("pods", "shortlived", grace_period=0)
    shown.says("timeline", "is gone")
    shown.says_not("matrix", "shortlived")
    shown.view("timeline").locator("svg [aria-label*='shortlived'][aria-label*='Running']").first.click()
    shown.says("matrix", "The past: after change")
    shown.says("matrix", "lab-01/shortlived")
    shown.picture("timeline")
    slider = shown.view("timeline").locator(".slider input")
    slider.focus()
    shown.page.keyboard.press("Home")
    shown.says("timeline", "before the first change")
    shown.says_not("matrix", "shortlived")
    shown.press("timeline", "Live")
    shown.says_not("matrix", "The past")


def test_a_difference_shows_what_changed_and_who_owns_it(shown: Shown) -> None:
    view = shown.view("diff")
    view.locator("select").first.select_option("first")
    shown.says("diff", "Against the first version seen")
    added = view.locator("tr:has-text('image: chatter/web:1.1')")
    assert "k8slab" in added.inner_text()
    shown.picture("diff")
    view.locator("select").last.select_option("kube-controller-manager")
    view.locator("td.tone-win").first.wait_for(timeout=30_000)


def test_logs_come_line_by_line_and_can_be_filtered(shown: Shown) -> None:
    shown.says("logs", "tick")
    first = shown.view("logs").locator(".lines > div").count()
    shown.page.wait_for_function("n => document.querySelectorAll('.lines > div').length > n", arg=first, timeout=30_000)
    shown.picture("logs")
    field = shown.view("logs").locator("input[type=text]")
    field.fill("no such word")
    field.press("Enter")
    shown.says("logs", "Nothing written yet.")
    field.fill("")
    field.press("Enter")


def test_views_follow_and_their_controls_work_while_a_cell_runs(shown: Shown) -> None:
    page = shown.page
    editor = page.locator(".jp-Notebook .jp-CodeCell").last.locator(".cm-content")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("import time; time.sleep(120)")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-status=busy]", timeout=30_000)
    try:
        shown.press("clock", "❙❙ Pause")
        shown.says("clock", "It stands still")
        shown.press("clock", "+1 min")
        shown.press("clock", "▶ Real time")
        shown.says("clock", "It runs as on the wall")
        shown.press("faults", "Inject")
        shown.says("faults", "1 active.")
        shown.picture("faults")
        shown.view("faults").locator("td:text-is('Heal')").click()
        shown.says("faults", "Nothing is broken on purpose.")
        assert page.locator("[data-status=busy]").count(), "all of that happened while the cell ran"
    finally:
        shown.run("Kernel>kernelmenu:interrupt")
        shown.cluster.clock.set("real")
    page.wait_for_selector("[data-status=idle]", timeout=20_000)


def test_the_cluster_goes_away_and_comes_back_and_the_views_say_so(shown: Shown) -> None:
    fault = {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "Fault", "metadata": {"name": "door"},
             "spec": {"type": "ComponentDown", "component": "kube-apiserver", "durationSeconds": 10}}  # fmt: skip
    apply(shown.cluster, fault)
    shown.says("matrix", "The cluster went away.", 30)
    shown.says_not("matrix", "The cluster went away.", 40)


def test_in_a_dark_theme_the_views_are_dark(shown: Shown) -> None:
    def ink() -> str:
        return str(shown.view("rollout").evaluate("v => getComputedStyle(v).getPropertyValue('--k8-ink')"))

    light = ink()
    page = shown.page
    page.click(".lm-MenuBar-item:has-text('Settings')")
    page.click("li:has-text('Theme') >> nth=0")
    page.click("li[data-command='apputils:change-theme']:has-text('JupyterLab Dark')")
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'", timeout=30_000)
    eventually(lambda: page.wait_for_timeout(100) or ink() != light, 20)
    assert (light, ink()) == ("#1f2328", "#f0f3f6")
    for name in VIEWS:
        shown.view(name).screenshot(path=shown.lab.pictures / f"dark-{name}.png")
    page.click(".lm-MenuBar-item:has-text('Settings')")
    page.click("li:has-text('Theme') >> nth=0")
    page.click("li[data-command='apputils:change-theme']:has-text('JupyterLab Light')")
    page.wait_for_function("() => document.body.dataset.jpThemeLight === 'true'", timeout=30_000)


def test_a_saved_notebook_is_small_and_still_shows_every_view_without_a_kernel(shown: Shown) -> None:
    page = shown.page
    page.keyboard.press("Escape")
    shown.run("File>docmanager:save")
    saved = shown.lab.state.parent / "labs" / "views.ipynb"
    eventually(lambda: page.wait_for_timeout(100) or all(words in saved.read_text() for _, words in VIEWS.values()), 20)
    text = saved.read_text()
    assert len(text) < 60_000 * len(VIEWS)
    assert "GridBlock" not in text
    assert "new MutationObserver" not in text, "no program of ours in it"
    shown.run("Kernel>kernelmenu:shutdown")
    page.goto(f"{shown.lab.url}/lab/tree/views.ipynb?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(
        f"() => [...document.querySelectorAll('.k8slab-picture')].filter(p => p.offsetHeight > 20).length === {len(VIEWS)}",
        timeout=30_000,
    )
    assert page.locator(".k8slab-view").count() == 0
    for picture in page.locator(".k8slab-picture img").all():
        assert picture.get_attribute("alt")
    page.screenshot(path=shown.lab.pictures / "reopened.png")
