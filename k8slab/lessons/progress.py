"""What a learner has done: a plain JSON file of their own, which outlives kernel and cluster. Nothing leaves the machine.

``$K8SLAB_PROGRESS`` names the file; otherwise it is ``k8slab/progress.json`` below the user's state directory.
"""

import json
import os
from pathlib import Path
from typing import Any

__all__ = ["Progress", "default_progress_file"]


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

    def hints(self, exercise: str) -> int:
        """How many hints have been taken."""
        return int(self._read("exercises", exercise).get("hints", 0))

    def predicted(self, prediction: str) -> int | None:
        """The option that was chosen, None if none was."""
        choice = self._read("predictions", prediction).get("choice")
        return None if choice is None else int(choice)

    def record_check(self, exercise: str, done: bool) -> None:
        """Remember that an exercise was judged."""
        entry = self._read("exercises", exercise)
        tries = int(entry.get("tries", 0)) + (0 if entry.get("done") else 1)
        self._write("exercises", exercise, {**entry, "tries": tries, "done": bool(entry.get("done")) or done})

    def record_hint(self, exercise: str, stage: int) -> None:
        """Remember that the learner has seen a hint."""
        entry = self._read("exercises", exercise)
        self._write("exercises", exercise, {**entry, "hints": max(stage, int(entry.get("hints", 0)))})

    def record_prediction(self, prediction: str, choice: int) -> None:
        """Remember what the learner predicted; the last choice counts."""
        self._write("predictions", prediction, {"choice": choice})

    def forget(self, lab: str) -> None:
        """Forget everything about a lab."""
        data = self._load()
        for part in data.values():
            for key in [k for k in part if k.startswith(f"{lab}.")]:
                del part[key]
        self._save(data)

    def _load(self) -> dict[str, dict[str, Any]]:
        try:
            data: dict[str, dict[str, Any]] = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return data

    def _read(self, part: str, key: str) -> dict[str, Any]:
        entry: dict[str, Any] = self._load().get(part, {}).get(key, {})
        return entry

    def _write(self, part: str, key: str, entry: dict[str, Any]) -> None:
        data = self._load()
        data.setdefault(part, {})[key] = entry
        self._save(data)

    def _save(self, data: dict[str, dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".tmp")
        beside.write_text(json.dumps(data, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        beside.replace(self.path)
