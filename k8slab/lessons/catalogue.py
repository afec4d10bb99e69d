"""The labs by number, title and exercises, for those who need no more: reading it imports no lab.

``catalogue.json`` beside this file is written by ``python -m k8slab.lessons.catalogue``, which ``make notebooks`` runs; a test
holds it against the labs.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from k8slab.lessons.exercise import LabContent

__all__ = ["Entry", "catalogue", "described"]

_FILE = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class Entry:
    """One lab."""

    id: str
    title: str
    exercises: tuple[str, ...]


@cache
def catalogue() -> tuple[Entry, ...]:
    """Return all labs, in their order.

    Examples
    --------
    >>> [entry.title for entry in catalogue()][:2]
    ['Meet the cluster', 'Pods']
    """
    found = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(Entry(entry["id"], entry["title"], tuple(entry["exercises"])) for entry in found)


def described(contents: "Iterable[LabContent]") -> str:
    """Return the text of the file for labs with these contents."""
    entries = [Entry(content.id, content.title, tuple(exercise.id for exercise in content.exercises)) for content in contents]
    return json.dumps([asdict(entry) for entry in entries], indent=1) + "\n"


if __name__ == "__main__":
    from k8slab.lessons.reports import all_contents

    _FILE.write_text(described(all_contents()), encoding="utf-8")
