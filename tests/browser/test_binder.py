"""A session as Binder gives it, in a browser, cut off from every network: what a learner finds there, keeps and takes away."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.binder import BinderSession, binder_session, memory_by_process
from benchmarks.jupyter import chromium
from k8slab.lessons.progress import Progress
from tests.browser.conftest import CHROMIUM
from tests.offline import no_network
from tests.processes import eventually

TOAST = ".Toastify__toast"


@pytest.fixture(scope="module")
def session() -> Iterator[BinderSession]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM} (Debian: apt-get install chromium)")
    with no_network(), binder_session() as running:
        yield running


@pytest.fixture(scope="module")
def browser(session: BinderSession) -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, chromium(playwright) as running:
        yield running


@pytest.fixture(scope="module")
def page(session: BinderSession, browser) -> object:
    """The page that the badge opens; its clock can be put forward."""
    page = browser.new_page(viewport={"width": 1500, "height": 1000})
    page.requested = []
    page.on("request", lambda request: page.requested.append(request.url))
    page.clock.install()
    page.goto(session.address("lab/workspaces/k8slab"))
    page.wait_for_selector(".jp-Terminal", timeout=60_000)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_selector("[data-status=idle]", timeout=60_000)
    page.wait_for_timeout(3000)
    return page


def done(session: BinderSession, exercise: str) -> None:
    Progress(session.progress).record_check(exercise, True)


def time_passes(page, seconds: float) -> None:
    page.clock.fast_forward(int(seconds * 1000))
    page.wait_for_timeout(500)


def bar(page) -> str:
    return page.locator(".k8slab-bar").get_attribute("data-state")


def test_the_first_lab_is_open_beside_a_terminal(page) -> None:
    left, right = page.locator(".jp-NotebookPanel").bounding_box(), page.locator(".jp-Terminal").bounding_box()
    assert left["x"] + left["width"] <= right["x"]
    assert left["width"] > right["width"] > 400
    assert "Lab 00: Meet the cluster" in page.locator(".jp-Notebook").inner_text()
    text = page.evaluate("() => document.body.innerText")
    assert "news" not in text.lower()


def test_in_the_terminal_kubectl_finds_the_cluster(page, session: BinderSession) -> None:
    page.click(".jp-Terminal")
    page.keyboard.type("(which kubectl k8slab; kubectl get nodes; echo $?) > said 2>&1\n")
    said = session.home / "said"
    eventually(lambda: said.exists() and said.read_text().endswith("0\n"), 20)
    assert said.read_text().count("Ready") == 4
    assert len([line for line in said.read_text().splitlines() if line.endswith(("/bin/kubectl", "/bin/k8slab"))]) == 2


def test_a_cell_works_and_asks_no_other_host(page) -> None:
    page.click(".jp-Notebook .jp-CodeCell .jp-InputPrompt >> nth=0")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("() => document.querySelector('.jp-OutputArea')?.innerText.includes('4 nodes')", timeout=60_000)
    elsewhere = [url for url in page.requested if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))]
    assert page.requested
    assert elsewhere == []


def test_it_fits_in_a_gigabyte(session: BinderSession) -> None:
    sizes = memory_by_process(session)
    assert {"JupyterLab's server", "kernels", "cluster"} <= sizes.keys()
    assert sum(sizes.values()) < 2**30


def test_the_launcher_has_all_labs_and_opens_them_and_links_lead_on(page, session: BinderSession) -> None:
    page.locator(".lm-DockPanel .lm-TabBar-addButton").last.click()
    page.wait_for_selector(".jp-Launcher")
    cards = page.locator(".jp-LauncherCard[data-category=k8slab]")
    assert cards.count() == len(list((session.home / "labs").glob("*.ipynb")))
    assert page.locator(".jp-Launcher-sectionTitle").first.inner_text() == "k8slab"
    assert cards.nth(4).get_attribute("title").startswith("Lab 04: Scheduling I. 0 of ")
    cards.nth(4).click()
    page.wait_for_selector(".jp-NotebookPanel:visible h1:has-text('Lab 04')", timeout=20_000)
    page.locator(".jp-NotebookPanel:visible a:has-text('lab 00')").first.click()
    page.wait_for_selector(".lm-TabBar-tab.lm-mod-current:has-text('00-meet-the-cluster')", timeout=20_000)


def test_an_exercise_that_is_done_is_counted_and_reminds_of_the_download(page, session: BinderSession) -> None:
    assert bar(page) == "empty"
    done(session, "00.2")
    time_passes(page, 21)
    page.wait_for_selector(f"{TOAST}:has-text('Exercise 00.2 is done. This session is not kept')", timeout=30_000)
    assert bar(page) == "unsaved"
    with page.expect_download() as download:
        page.click(f"{TOAST} >> text=Download progress")
    assert json.loads(Path(download.value.path()).read_text())["exercises"]["00.2"]["done"]
    page.wait_for_selector(".k8slab-bar[data-state=saved]", timeout=30_000)
    time_passes(page, 3600)
    page.wait_for_function("() => !document.querySelector('.Toastify__toast')", timeout=30_000)  # what is downloaded is forgotten


def test_before_the_session_may_end_a_learner_is_reminded(page, session: BinderSession) -> None:
    done(session, "00.3")
    page.click(".k8slab-bar span")  # some activity
    time_passes(page, 21)
    page.wait_for_selector(f"{TOAST}:has-text('Exercise 00.3 is done')", timeout=30_000)
    time_passes(page, 420)
    page.wait_for_selector(f"{TOAST}:has-text('after 10 minutes this session may end')", timeout=30_000)
    assert "Download your progress" not in page.title()
    page.evaluate("() => Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    time_passes(page, 5 * 3600 - 420)
    page.wait_for_selector(f"{TOAST}:has-text('This session may end in')", timeout=30_000)
    assert page.title() == "⚠ Download your progress", "the title calls who looks at another tab"
    page.evaluate("() => { delete document.hidden; document.dispatchEvent(new Event('visibilitychange')); }")
    assert "Download" not in page.title()


def test_who_leaves_without_the_progress_is_asked(page, session: BinderSession, browser) -> None:
    """Another page, so that the module's own stays open; a page asks only after it was touched."""
    other = browser.new_context().new_page()  # a page that owns its context does not ask
    other.goto(session.address("lab/workspaces/other"))
    other.wait_for_selector(".k8slab-bar[data-state=unsaved]", timeout=60_000)
    other.click(".k8slab-bar span")
    asked: list[str] = []
    other.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    other.close(run_before_unload=True)
    eventually(lambda: page.wait_for_timeout(100) or asked == ["beforeunload"], 10)


def test_the_next_session_takes_the_file_back(page, session: BinderSession, tmp_path: Path) -> None:
    session.progress.unlink()
    time_passes(page, 21)
    page.wait_for_selector(".k8slab-bar[data-state=empty]", timeout=30_000)
    mine = tmp_path / "k8slab-progress.json"
    mine.write_text(json.dumps({"exercises": {"00.1": {"done": True, "tries": 2}, "01.1": {"done": True, "tries": 1}}}))
    with page.expect_file_chooser() as chooser:
        page.click(".k8slab-bar .upload")
    chooser.value.set_files(mine)
    page.wait_for_selector(".k8slab-bar[data-state=saved]", timeout=30_000)
    assert Progress(session.progress).finished() == {"00.1", "01.1"}
    mine.write_text("spam")
    with page.expect_file_chooser() as chooser:
        page.click(".k8slab-bar .upload")
    chooser.value.set_files(mine)
    page.wait_for_selector(f"{TOAST}:has-text('is not a progress file of k8slab')", timeout=30_000)
    assert Progress(session.progress).finished() == {"00.1", "01.1"}
