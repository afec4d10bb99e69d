"""What a learner has done: a plain JSON file of their own, which outlives kernel and cluster. Nothing leaves the machine.

``$K8SLAB_PROGRESS`` names the file; otherwise it is ``k8slab/progress.json`` below the user's state directory. Several write to
it, each notebook's kernel and the Jupyter server: whoever changes it reads, changes and writes it alone (a lock beside it).
"""

import fcntl
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from k8slab.errors import K8slabError

__all__ = ["Progress", "default_progress_file"]

_PARTS = ("exercises", "predictions", "quizzes", "faults")


def default_progress_file() -> Path:
    """Return where progress is kept."""
    given = os.environ.get("K8SLAB_PROGRESS")
    if given:
        return Path(given).expanduser()
    base = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(base).expanduser() / "k8slab" / "progress.json"


class Progress:
    """Exercises done, hints taken, predictions made. Read afresh each time: two notebooks may share the file."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_progress_file()

    def done(self, exercise: str) -> bool:
        """Whether the exercise has ever been right."""
        return bool(self._read("exercises", exercise).get("done"))

    def finished(self) -> frozenset[str]:
        """The exercises that have ever been right."""
        return frozenset(exercise for exercise, entry in self._load().get("exercises", {}).items() if entry.get("done"))

    def is_empty(self) -> bool:
        """Whether there is nothing that would be a pity to lose."""
        data = self._load()
        return not any(data.get(part) for part in _PARTS)

    def hints(self, exercise: str) -> int:
        """How many hints have been taken."""
        return int(self._read("exercises", exercise).get("hints", 0))

    def predicted(self, prediction: str) -> int | None:
        """The option that was chosen, None if none was."""
        choice = self._read("predictions", prediction).get("choice")
        return None if choice is None else int(choice)

    def tries(self, exercise: str) -> int:
        """How often an exercise was judged until it was right."""
        return int(self._read("exercises", exercise).get("tries", 0))

    def answered(self, quiz: str) -> bool | None:
        """Whether a quiz was answered rightly the first time; None if it was not answered."""
        first = self._read("quizzes", quiz).get("first")
        return None if first is None else bool(first)

    def broken(self, fault: str) -> int:
        """How often a fault has been injected."""
        return int(self._read("faults", fault).get("times", 0))

    def repaired(self, fault: str) -> bool | None:
        """Whether what was broken the last time has been repaired; None where this was not recorded yet."""
        entry = self._read("faults", fault)
        return entry["repaired"] == entry["times"] if "repaired" in entry else None

    def seed(self) -> str:
        """The learner's own seed, made when it is first asked for; ``$K8SLAB_SEED`` comes before it."""
        given = os.environ.get("K8SLAB_SEED")
        if given:
            return given
        data = self._load()
        if "learner" not in data:
            with self._changing() as data:
                data.setdefault("learner", {"seed": secrets.token_hex(4)})
        return str(data["learner"]["seed"])

    def record_check(self, exercise: str, done: bool) -> None:
        """Remember that an exercise was judged."""

        def judged(entry: dict[str, Any]) -> dict[str, Any]:
            tries = int(entry.get("tries", 0)) + (0 if entry.get("done") else 1)
            return {**entry, "tries": tries, "done": bool(entry.get("done")) or done}

        self._change("exercises", exercise, judged)

    def record_hint(self, exercise: str, stage: int) -> None:
        """Remember that the learner has seen a hint."""
        self._change("exercises", exercise, lambda entry: {**entry, "hints": max(stage, int(entry.get("hints", 0)))})

    def record_prediction(self, prediction: str, choice: int) -> None:
        """Remember what the learner predicted; the last choice counts."""
        self._change("predictions", prediction, lambda _: {"choice": choice})

    def record_quiz(self, quiz: str, choice: int, right: bool) -> None:
        """Remember an answer; whether the first one was right stays."""
        self._change("quizzes", quiz, lambda entry: {"choice": choice, "first": entry.get("first", right)})

    def record_fault(self, fault: str) -> None:
        """Remember that something was broken."""
        self._change("faults", fault, lambda entry: {"repaired": 0, **entry, "times": int(entry.get("times", 0)) + 1})

    def record_repair(self, fault: str) -> None:
        """Remember that what was broken the last time is whole again."""
        if self.broken(fault):
            self._change("faults", fault, lambda entry: {**entry, "repaired": int(entry.get("times", 0))})

    def forget(self, what: str) -> None:
        """Forget everything about a lab (``01``) or one exercise (``01.2``)."""
        with self._changing() as data:
            for part in _PARTS:
                for key in [k for k in data.get(part, {}) if k == what or k.startswith(f"{what}.")]:
                    del data[part][key]

    def export(self) -> str:
        """Return everything as text, to be kept or taken to another machine."""
        return _text(self._load())

    def take(self, text: str) -> None:
        """Add what `export` gave, here or elsewhere: what was done on either side is done.

        Raises
        ------
        K8slabError
            If the text is no progress of k8slab; nothing is changed then.
        """
        other = _parse(text, "what you want to import")
        with self._changing() as mine:
            for part in _PARTS:
                for key, entry in other.get(part, {}).items():
                    mine.setdefault(part, {})[key] = _joined(mine.get(part, {}).get(key, {}), entry)
            mine.setdefault("learner", other.get("learner", {}))

    def _load(self) -> dict[str, dict[str, Any]]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        return _parse(text, f'"{self.path}"')

    def _read(self, part: str, key: str) -> dict[str, Any]:
        entry: dict[str, Any] = self._load().get(part, {}).get(key, {})
        return entry

    def _change(self, part: str, key: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        with self._changing() as data:
            entries = data.setdefault(part, {})
            entries[key] = change(entries.get(key, {}))

    @contextmanager
    def _changing(self) -> Iterator[dict[str, dict[str, Any]]]:
        """Give everything, to be changed in place, and write it; others who want to do so wait."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            data = self._load()
            yield data
            self._save(data)

    def _save(self, data: dict[str, dict[str, Any]]) -> None:
        beside = self.path.with_suffix(".tmp")
        beside.write_text(_text(data), encoding="utf-8")
        beside.replace(self.path)


def _text(data: dict[str, dict[str, Any]]) -> str:
    return json.dumps(data, indent=2, sort_keys=True) + "\n"


def _parse(text: str, what: str) -> dict[str, dict[str, Any]]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise K8slabError(f"{what} is not a progress file of k8slab: it is no JSON ({error})") from error
    known = {*_PARTS, "learner"}
    if not isinstance(data, dict) or not data.keys() <= known or not all(isinstance(v, dict) for v in data.values()):
        raise K8slabError(f"{what} is not a progress file of k8slab: expected an object with {', '.join(sorted(known))}")
    return data


def _joined(mine: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return two records of one thing as one: done if it was done on either side, the larger counts, my own choices."""
    both = {**other, **mine}
    for key in both.keys() & {"done", "hints", "tries", "times", "repaired"}:
        both[key] = max(mine.get(key, 0), other.get(key, 0))
    return both
