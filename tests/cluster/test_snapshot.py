"""Snapshots of a state directory: whole or refused."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from k8slab.cluster.snapshot import restore, snapshot
from k8slab.errors import K8slabError


@pytest.fixture
def state(tmp_path: Path) -> Path:
    state = tmp_path / "state"
    (state / "pki").mkdir(parents=True)
    (state / "pki" / "ca.crt").write_text("ca")
    (state / "volumes.json").write_text("volumes")
    with closing(sqlite3.connect(state / "cluster.db")) as database:
        database.execute("CREATE TABLE log (n)")
        database.commit()
    return state


def test_a_restore_brings_back_what_was_saved(state: Path, tmp_path: Path) -> None:
    snapshot(tmp_path / "s", state)
    (state / "volumes.json").write_text("other")
    (state / "pki" / "ca.crt").unlink()
    restore(tmp_path / "s", state)
    assert (state / "volumes.json").read_text() == "volumes"
    assert (state / "pki" / "ca.crt").read_text() == "ca"


@pytest.mark.parametrize(("cut", "message"), [(-1, "damaged"), (4, "not a snapshot"), (30, "damaged")])
def test_a_file_that_is_not_whole_is_refused_and_changes_nothing(state: Path, tmp_path: Path, cut: int, message: str) -> None:
    snapshot(tmp_path / "s", state)
    (tmp_path / "s").write_bytes((tmp_path / "s").read_bytes()[:cut])
    (state / "volumes.json").write_text("newer")
    with pytest.raises(K8slabError, match=message):
        restore(tmp_path / "s", state)
    assert (state / "volumes.json").read_text() == "newer"
