"""A learner's copy of the labs: complete, brought up to date, and never overwritten where the learner has changed it."""

import json
import shutil
from pathlib import Path

import pytest

from k8slab.cluster import labs
from k8slab.cluster.labs import FIRST, labs_folder
from k8slab.errors import K8slabError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The labs of an installation, and a home that is empty."""
    folder = tmp_path / "site-packages" / "_labs"
    for name in (FIRST, "01-pods.ipynb", "chatter/web.yaml", "src/00.md", "sanitize.cfg", ".ipynb_checkpoints/00.ipynb"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name} 1")
    for path in folder.rglob("*"):
        path.chmod(0o555)
    monkeypatch.setattr(labs, "shipped_labs", lambda: folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


@pytest.fixture
def newer(shipped: Path) -> Path:
    """The same, of a newer version."""
    for name in (FIRST, "01-pods.ipynb"):
        (shipped / name).chmod(0o755)
        (shipped / name).write_text(f"{name} 2")
    return shipped


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {".k8slab-labs.json"}


def test_in_a_checkout_the_copy_is_beside_the_labs_and_git_ignores_it(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = tmp_path / "clone" / "labs"
    shutil.copytree(shipped, clone, copy_function=shutil.copyfile)
    monkeypatch.setattr(labs, "shipped_labs", lambda: clone)
    mine, _ = labs_folder()
    assert files(mine) == {FIRST, "01-pods.ipynb", "chatter/web.yaml"}
    assert mine.parent == clone.parent
    assert f"{mine.name}/" in (ROOT / ".gitignore").read_text().splitlines()


def test_a_copy_has_what_learners_need_and_can_be_changed(shipped: Path, tmp_path: Path) -> None:
    mine = tmp_path / "k8slab-labs"
    assert labs_folder() == (mine, f"the labs are copied to {mine}; they are yours to change")
    assert files(mine) == {FIRST, "01-pods.ipynb", "chatter/web.yaml"}
    (mine / FIRST).write_text("mine")
    assert labs_folder() == (mine, "")
    assert (mine / FIRST).read_text() == "mine"


@pytest.mark.usefixtures("shipped")
def test_a_notebook_that_was_deleted_comes_back_as_it_was(tmp_path: Path) -> None:
    mine, _ = labs_folder()
    (mine / FIRST).rename(mine / "old.ipynb")
    assert labs_folder() == (mine, f"brought up to date in {mine}: {FIRST}")
    assert (mine / FIRST).read_text() == f"{FIRST} 1"
    assert (mine / "old.ipynb").exists()


def test_an_update_replaces_only_what_is_as_it_was_copied(shipped: Path, request: pytest.FixtureRequest) -> None:
    mine, _ = labs_folder()
    (mine / FIRST).write_text("mine")
    request.getfixturevalue("newer")
    assert labs_folder()[1].splitlines() == [
        f"brought up to date in {mine}: 01-pods.ipynb",
        f"changed by you and left alone, though there is a newer version: {FIRST} (rename yours to get it)",
    ]
    assert (mine / FIRST).read_text() == "mine"
    assert (mine / "01-pods.ipynb").read_text() == "01-pods.ipynb 2"
    assert labs_folder() == (mine, ""), "it is told once"


def test_a_notebook_that_was_only_opened_is_not_changed(shipped: Path, tmp_path: Path) -> None:
    def write(folder: Path, source: str | list[str], **metadata: object) -> None:
        cells = [{"cell_type": "code", "source": source, "outputs": [], "metadata": {}}]
        (folder / FIRST).write_text(json.dumps({"cells": cells, "metadata": metadata}))

    (shipped / FIRST).chmod(0o755)
    write(shipped, "old")
    mine, _ = labs_folder()
    write(mine, ["old"], language_info={"version": "3.11.7"})  # as JupyterLab saves it
    write(shipped, "new")
    assert labs_folder() == (mine, f"brought up to date in {mine}: {FIRST}")
    assert "new" in (mine / FIRST).read_text()


@pytest.mark.parametrize("record", ["", "[]", "{", None])
def test_without_a_record_whatever_differs_is_the_learners(shipped: Path, newer: Path, record: str | None) -> None:
    mine, _ = labs_folder()
    (mine / FIRST).write_text("mine")
    (mine / ".k8slab-labs.json").unlink()
    if record is not None:
        (mine / ".k8slab-labs.json").write_text(record)
    labs_folder()
    assert (mine / FIRST).read_text() == "mine"
    assert FIRST in json.loads((mine / ".k8slab-labs.json").read_text())


@pytest.mark.usefixtures("shipped")
def test_a_folder_that_is_named(tmp_path: Path) -> None:
    new, own = tmp_path / "new", tmp_path / "own"
    assert labs_folder(new)[1].startswith(f"the labs are copied to {new}")
    own.mkdir()
    (own / "thesis.ipynb").write_text("")
    assert labs_folder(own) == (own, "")
    assert files(own) == {"thesis.ipynb"}, "somebody's own notebooks: nothing is put among them"


@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(("named", "why"), [("no/such/place", "No such file or directory"), ("file", "File exists")])
def test_a_folder_that_cannot_be_one(tmp_path: Path, named: str, why: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(K8slabError, match=f'the labs cannot be copied to "{tmp_path}/{named}": {why}; name another folder'):
        labs_folder(tmp_path / named)
