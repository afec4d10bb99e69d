"""Where the notebooks are: in a copy of the learner's own, in a checkout ``k8slab-labs`` beside ``labs``, else ``~/k8slab-labs``.

An installed package keeps its labs inside itself: perhaps nobody can write there, and an update would take a learner's work
away. In a checkout git would take it for changes of k8slab, and refuse to pull a newer version. So ``k8slab lab`` copies the
labs (to that folder, which git ignores, or to the one that ``--labs`` names) and opens the copy. What the
learner has changed is never overwritten: a list of what was copied, with checksums, lies in the folder, and an update replaces
only what is still as it was copied. A notebook to begin anew with is had by deleting or renaming one's own.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from k8slab.errors import K8slabError

__all__ = ["FIRST", "Copied", "labs_folder", "own_folder", "plan", "shipped_labs"]

FIRST = "00-meet-the-cluster.ipynb"

_OWN = "k8slab-labs"
_RECORD = ".k8slab-labs.json"
_NOT_FOR_LEARNERS = frozenset({"src", "solved", "sanitize.cfg"})


@dataclass(frozen=True)
class Copied:
    """What to do, or what was done, about each file of the labs.

    Attributes
    ----------
    new
        Files that are not in the learner's folder.
    updated
        Files that are as they were copied, and that k8slab has in a newer version.
    kept
        Files that the learner has changed, and that k8slab has in a newer version.
    """

    new: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()

    def text(self, folder: Path, total: int) -> str:
        """Say it in a sentence or two, "" if there is nothing to tell."""
        said = []
        if len(self.new) == total:
            said.append(f"the labs are copied to {folder}; they are yours to change")
        elif self.new or self.updated:
            said.append(f"brought up to date in {folder}: {', '.join(sorted((*self.new, *self.updated)))}")
        if self.kept:
            names = ", ".join(self.kept)
            said.append(f"changed by you and left alone, though there is a newer version: {names} (rename yours to get it)")
        return "\n".join(said)


def plan(shipped: Mapping[str, str], recorded: Mapping[str, str], there: Mapping[str, str]) -> Copied:
    """Return what a copy has to do; all arguments are checksums by file.

    Parameters
    ----------
    shipped
        What k8slab has.
    recorded
        What was copied last time.
    there
        What is in the learner's folder now.

    Examples
    --------
    >>> plan({"a": "2", "b": "2", "c": "2", "d": "1"}, {"a": "1", "b": "1"}, {"a": "1", "b": "mine", "d": "mine"})
    Copied(new=('c',), updated=('a',), kept=('b', 'd'))
    >>> plan({"a": "1"}, {"a": "1"}, {"a": "mine"})
    Copied(new=(), updated=(), kept=())
    """
    old = [name for name in shipped if name in there and there[name] != shipped[name] != recorded.get(name)]
    return Copied(
        tuple(name for name in shipped if name not in there),
        tuple(name for name in old if there[name] == recorded.get(name)),
        tuple(name for name in old if there[name] != recorded.get(name)),
    )


def labs_folder(named: Path | None = None) -> tuple[Path, str]:
    """Return the folder of the notebooks to open, and what there is to tell about it.

    Parameters
    ----------
    named
        The folder that the user names; one with files of the user's own is taken as it is. None for the default.

    Raises
    ------
    K8slabError
        If the labs cannot be found, or not be copied.
    """
    shipped = shipped_labs()
    if named is None:
        folder = own_folder()
    else:
        folder = named.expanduser().absolute()
        if folder.is_dir() and not (folder / _RECORD).exists() and any(folder.iterdir()):
            return folder, ""
    try:
        return folder, _copy(shipped, folder)
    except OSError as error:
        raise K8slabError(
            f'the labs cannot be copied to "{folder}": {error.strerror}; name another folder with --labs'
        ) from error


def own_folder() -> Path:
    """Return where the learner's copy lies, unless another folder is named: in a checkout beside its labs, else at home."""
    shipped = shipped_labs()
    return (shipped.parent if shipped.name == "labs" else Path("~").expanduser()) / _OWN


def shipped_labs() -> Path:
    """Return the labs that k8slab came with: beside the package in a checkout, inside it in an installation."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package.parent / "labs", package / "_labs"):
        if (folder / FIRST).exists():
            return folder
    raise K8slabError(f'the labs are neither beside nor inside "{package}"; name their folder with --labs')


def _copy(shipped: Path, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    files = dict(_checksums(shipped))
    done = plan(files, _recorded(folder), {name: _checksum(folder / name) for name in files if (folder / name).exists()})
    for name in (*done.new, *done.updated):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((shipped / name).read_bytes())
    (folder / _RECORD).write_text(json.dumps(files, indent=1))
    return done.text(folder, len(files))


def _checksums(shipped: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(shipped.rglob("*")):
        parts = path.relative_to(shipped).parts
        if path.is_file() and parts[0] not in _NOT_FOR_LEARNERS and not any(part.startswith((".", "__")) for part in parts):
            yield "/".join(parts), _checksum(path)


def _checksum(path: Path) -> str:
    """Of a notebook only what stands in its cells and outputs counts: JupyterLab adds metadata to one that is only opened."""
    data = path.read_bytes()
    if path.suffix == ".ipynb":
        with suppress(ValueError, KeyError, TypeError):
            cells = [(c["cell_type"], "".join(c["source"]), c.get("outputs") or []) for c in json.loads(data)["cells"]]
            data = json.dumps(cells).encode()
    return hashlib.sha256(data).hexdigest()


def _recorded(folder: Path) -> dict[str, str]:
    try:
        record = json.loads((folder / _RECORD).read_text())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
