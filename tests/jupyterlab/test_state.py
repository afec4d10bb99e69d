"""What JupyterLab's server tells JupyterLab: where the labs are, what is done, whether the session is kept."""

import json
from pathlib import Path

import pytest

from k8slab.cluster.labs import FIRST
from k8slab.errors import K8slabError
from k8slab.jupyterlab.folder import copy_labs, find_labs, notebooks
from k8slab.jupyterlab.handlers import state
from k8slab.jupyterlab.session import session
from k8slab.lessons.progress import Progress

BINDER = {"BINDER_REQUEST": "v2/gh/someone/k8slab/HEAD", "BINDER_LAUNCH_HOST": "https://mybinder.org/"}


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    return Progress(tmp_path / "progress.json")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def test_a_session_on_binder_is_not_kept_and_has_the_limits_that_binder_documents() -> None:
    there = session(BINDER)
    assert (there.kept, there.idle, there.age) == (False, 600, 21_600)


@pytest.mark.parametrize(
    ("environment", "kept"),
    [
        ({}, True),
        ({"JUPYTERHUB_API_TOKEN": "x", "JUPYTERHUB_USER": "ada"}, True),  # a class's hub keeps homes
        ({"JUPYTERHUB_USER": "ada", "K8SLAB_SESSION": "temporary"}, False),
        ({**BINDER, "K8SLAB_SESSION": "kept"}, True),
        ({"BINDER_REPO_URL": ""}, True),
        ({"BINDER_SERVICE_HOST": "10.0.0.1"}, True),  # a Service that happens to be called binder
    ],
)
def test_elsewhere_a_session_is_kept_unless_somebody_says_otherwise(environment: dict[str, str], kept: bool) -> None:
    assert session(environment).kept is kept


def test_another_word_is_refused() -> None:
    with pytest.raises(K8slabError, match='must be "kept" or "temporary", not "maybe"'):
        session({"K8SLAB_SESSION": "maybe"})


@pytest.mark.parametrize("folder", [".", "labs", "k8slab-labs"])
def test_labs_are_found_below_the_server_s_root(root: Path, folder: str) -> None:
    (root / folder).mkdir(exist_ok=True)
    (root / folder / FIRST).touch()
    assert find_labs(root) == root / folder
    assert notebooks(find_labs(root), root) == {"00": FIRST if folder == "." else f"{folder}/{FIRST}"}


def test_labs_of_a_checkout_are_found_from_above_it(root: Path) -> None:
    found = find_labs(Path(__file__).resolve().parents[2])
    assert found == Path(__file__).resolve().parents[2] / "labs"


def test_labs_elsewhere_are_not_found_and_are_copied_when_asked_for(root: Path) -> None:
    assert find_labs(root) is None
    assert notebooks(None, root) == {}
    assert copy_labs(root) == root / "k8slab-labs"
    assert find_labs(root) == root / "k8slab-labs"
    (root / "k8slab-labs" / FIRST).write_text("mine")
    copy_labs(root)
    assert (root / "k8slab-labs" / FIRST).read_text() == "mine"


def test_what_is_done_counts_for_its_lab(root: Path, progress: Progress) -> None:
    progress.record_check("01.1", True)
    progress.record_check("01.2", False)
    progress.record_check("99.1", True)  # of a lab that is no more
    labs = {lab["id"]: lab for lab in state(root, progress, 0.0)["labs"]}
    assert (labs["01"]["title"], labs["01"]["done"], labs["01"]["path"]) == ("Pods", 1, None)
    assert labs["01"]["exercises"] >= 6
    assert labs["00"]["done"] == 0


def test_progress_has_another_version_when_anything_was_done(root: Path, progress: Progress) -> None:
    def now() -> dict[str, object]:
        return state(root, progress, 0.0)["progress"]

    progress.seed()
    first = now()
    assert first["empty"]
    progress.record_prediction("00.a", 1)
    second = now()
    assert not second["empty"]
    assert second["version"] != first["version"]
    progress.record_check("00.1", True)
    assert now()["done"] == ["00.1"]
    assert now()["version"] not in (first["version"], second["version"])
    assert now() == now()


def test_a_broken_progress_file_is_told_about(root: Path, progress: Progress) -> None:
    progress.path.write_text("spam")
    with pytest.raises(K8slabError, match="is not a progress file of k8slab"):
        state(root, progress, 0.0)


def test_all_of_it_is_plain_json(root: Path, progress: Progress) -> None:
    assert json.loads(json.dumps(state(root, progress, 1.5)))["session"]["started"] == 1.5
