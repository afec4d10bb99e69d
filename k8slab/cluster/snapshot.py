"""Snapshot and restore of an embedded cluster: its store, volumes, certificates and keys in one file.

Real counterpart: ``etcdctl snapshot save`` and ``etcdutl snapshot restore``, with the volumes and the PKI besides. The store is
copied while the cluster runs, as one transaction. Simpler: volumes are as they were last saved, up to ten seconds ago; a restore
needs the cluster stopped (``k8slab down --keep``), which ends every watch, and ``k8slab up`` gives nodes and clock again.
"""

import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

from k8slab.cluster.embedded import find
from k8slab.cluster.state import default_state
from k8slab.errors import K8slabError

__all__ = ["restore", "snapshot"]

_VERSION = 1
_MAGIC = b"k8slab snapshot\n"
_KEPT = ("cluster.db", "volumes.json", "pki")


def snapshot(file: Path, state: Path | None = None) -> None:
    """Write a snapshot of the cluster of a state directory, whether it runs or not.

    Raises
    ------
    K8slabError
        If there is no cluster, or the file cannot be written.
    """
    state = state or default_state()
    if not (state / "cluster.db").exists():
        raise K8slabError(f'there is no cluster in "{state}"; "k8slab up" starts one')
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "cluster.db"
        with closing(sqlite3.connect(state / "cluster.db")) as source, closing(sqlite3.connect(database)) as copy:
            source.backup(copy)
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w:gz") as archive:
            for name in _KEPT:
                found = database if name == "cluster.db" else state / name
                if found.exists():
                    archive.add(found, name)
    data = content.getvalue()
    head = json.dumps({"version": _VERSION, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    part = file.with_name(f"{file.name}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(_MAGIC + head.encode() + b"\n" + data)
        part.replace(file)
    except OSError as error:
        raise K8slabError(f'"{file}" cannot be written: {error.strerror}') from error


def restore(file: Path, state: Path | None = None) -> None:
    """Put a snapshot in the place of what a state directory holds; a file that is not whole changes nothing.

    Raises
    ------
    K8slabError
        If the file is no snapshot or not whole, or the cluster runs.
    """
    state = state or default_state()
    data = _checked(file)
    if find(state) is not None:
        raise K8slabError('the cluster runs; stop it first with "k8slab down --keep"')
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=state) as folder:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
            archive.extractall(folder, filter="data")
        for name in (*_KEPT, "cluster.db-wal", "cluster.db-shm"):
            _remove(state / name)
            if (Path(folder) / name).exists():
                (Path(folder) / name).rename(state / name)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _checked(file: Path) -> bytes:
    """Return the content of a snapshot that is whole."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise K8slabError(f'"{file}" cannot be read: {error.strerror}') from error
    if not raw.startswith(_MAGIC):
        raise K8slabError(f'"{file}" is not a snapshot of k8slab')
    try:
        line, _, data = raw.removeprefix(_MAGIC).partition(b"\n")
        head = json.loads(line)
    except ValueError as error:
        raise K8slabError(f'"{file}" is damaged: its first lines cannot be read') from error
    if head.get("version") != _VERSION:
        raise K8slabError(f'"{file}" has version "{head.get("version")}", this k8slab reads version {_VERSION}')
    if len(data) != head.get("bytes") or hashlib.sha256(data).hexdigest() != head.get("sha256"):
        raise K8slabError(f'"{file}" is damaged or not whole: its checksum is wrong; the cluster is as it was')
    return data
