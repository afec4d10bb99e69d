"""An object as lines of YAML, each with the managers who own it; and the difference of two objects, line by line.

Owners are read from ``metadata.managedFields``, whose field sets are walked together with the object: ``k:{"name":"web"}`` is
the item of a list that has this name, ``v:"x"`` the item that is "x". A line that nobody owns directly belongs to whoever owns
the whole of what is around it (atomic lists and maps). Pure functions.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import yaml

from k8slab.apimachinery.types import Object

__all__ = ["DiffLine", "YamlLine", "diff_lines", "folded", "owners_of", "yaml_lines"]

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlLine:
    """One line: its text, the place in the object, who owns it."""

    text: str
    place: Place
    owners: tuple[str, ...] = ()


@dataclass(frozen=True)
class DiffLine:
    """One line of a difference: " ", "-" or "+"; or "…" for lines left out."""

    mark: str
    text: str
    owners: tuple[str, ...] = ()


def owners_of(obj: Object) -> dict[Place, tuple[str, ...]]:
    """Return the managers of each place that managedFields name.

    >>> entry = {"manager": "me", "fieldsV1": {"f:spec": {"f:ports": {'k:{"port":80}': {"f:name": {}}}}}}
    >>> owners_of({"metadata": {"managedFields": [entry]}, "spec": {"ports": [{"port": 80, "name": "web"}]}})
    {('spec', 'ports', 0, 'name'): ('me',)}
    """
    found: dict[Place, list[str]] = {}
    for entry in obj["metadata"].get("managedFields") or ():
        for place in _places(entry.get("fieldsV1") or {}, obj, ()):
            managers = found.setdefault(place, [])
            if entry["manager"] not in managers:
                managers.append(entry["manager"])
    return {place: tuple(managers) for place, managers in found.items()}


def _places(fields: Mapping[str, Any], value: Any, place: Place) -> Iterator[Place]:
    for key, inside in fields.items():
        if key == ".":
            yield place
            continue
        kind, _, name = key.partition(":")
        step = name if kind == "f" else _index(kind, name, value)
        if step is None:
            continue
        below = _below(value, step)
        if inside:
            yield from _places(inside, below, (*place, step))
        else:
            yield (*place, step)


def _below(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if isinstance(value, list) and step < len(value) else None
    return value.get(step) if isinstance(value, dict) else None


def _index(kind: str, name: str, value: Any) -> int | None:
    """Return which item of a list a field set means."""
    if not isinstance(value, list):
        return None
    if kind == "i":
        return int(name)
    wanted: Any = json.loads(name)
    for i, item in enumerate(value):
        same = item == wanted if kind == "v" else isinstance(item, dict) and all(item.get(k) == v for k, v in wanted.items())
        if same:
            return i
    return None


def yaml_lines(obj: Object) -> list[YamlLine]:
    """Return an object as YAML without managedFields, each line with its owners."""
    meta = {k: v for k, v in obj["metadata"].items() if k != "managedFields"}
    owners = owners_of(obj)
    return [YamlLine(text, place, _owner(owners, place)) for text, place in _lines({**obj, "metadata": meta}, (), "")]


def _owner(owners: Mapping[Place, tuple[str, ...]], place: Place) -> tuple[str, ...]:
    if place in owners:
        return owners[place]
    for length in range(len(place) - 1, 1, -1):
        around = place[:length]
        if around in owners and not any(len(p) > length and p[:length] == around for p in owners):
            return owners[around]
    return ()


def _lines(value: Any, place: Place, indent: str) -> Iterator[tuple[str, Place]]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from _entry(f"{indent}{_scalar(key)}:", inside, (*place, key), indent)
    else:
        for i, item in enumerate(value):
            yield from _item(item, (*place, i), indent)


def _entry(head: str, value: Any, place: Place, indent: str) -> Iterator[tuple[str, Place]]:
    if isinstance(value, dict | list) and value:
        yield head, place
        yield from _lines(value, place, indent if isinstance(value, list) else indent + "  ")
    elif isinstance(value, str) and "\n" in value:
        yield f"{head} |", place
        yield from ((f"{indent}  {line}", place) for line in value.rstrip("\n").split("\n"))
    else:
        yield f"{head} {_scalar(value)}", place


def _item(item: Any, place: Place, indent: str) -> Iterator[tuple[str, Place]]:
    if not isinstance(item, dict | list) or not item:
        yield f"{indent}- {_scalar(item)}", place
        return
    for n, (text, where) in enumerate(_lines(item, place, indent + "  ")):
        yield (f"{indent}- {text[len(indent) + 2 :]}" if n == 0 else text), where


def _scalar(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("...\n").strip()


def diff_lines(old: Object | None, new: Object) -> list[DiffLine]:
    """Return the lines of the new object and those of the old one that are gone; without an old one, all as they are."""
    after = yaml_lines(new)
    if old is None:
        return [DiffLine(" ", line.text, line.owners) for line in after]
    before = yaml_lines(old)
    matcher = SequenceMatcher(None, [b.text for b in before], [a.text for a in after], autojunk=False)
    found: list[DiffLine] = []
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            found += [DiffLine(" ", line.text, line.owners) for line in after[k:m]]
        else:
            found += [DiffLine("-", line.text, line.owners) for line in before[i:j]]
            found += [DiffLine("+", line.text, line.owners) for line in after[k:m]]
    return found


def folded(lines: list[DiffLine], around: int = 2) -> list[DiffLine]:
    """Return only what differs, with a few lines around it.

    >>> [d.mark for d in folded([DiffLine(" ", str(i)) for i in range(9)] + [DiffLine("+", "x")], 1)]
    ['…', ' ', '+']
    """
    near = {j for i, line in enumerate(lines) if line.mark != " " for j in range(i - around, i + around + 1)}
    found: list[DiffLine] = []
    hidden = 0
    for i, line in enumerate([*lines, None]):
        if line is not None and i not in near:
            hidden += 1
            continue
        if hidden:
            found.append(DiffLine("…", f"{hidden} lines that are the same"))
            hidden = 0
        if line is not None:
            found.append(line)
    return found
