"""A lab of one's own in one Markdown file: text, cells, exercises with their checks, predictions, quizzes, faults.

The file is read twice: ``k8slab write-lab`` makes the notebook of it, and ``k8slab.lab("my-lab.md")``, the notebook's first cell,
finds in it what the lab's own modules ``labNN`` hold for the labs that k8slab comes with. `docs/teaching.md` says how to write
one, `docs/example-lab.md` is one. Its Python runs in the learner's kernel, as the cells of any notebook do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from k8slab.errors import K8slabError
from k8slab.lessons.exercise import Break, Exercise, Fault, LabContent, Option, Prediction, Quiz
from k8slab.lessons.writing.fields import Fields, fields
from k8slab.lessons.writing.markdown import Block, Place, read
from k8slab.lessons.writing.notebook import Cell
from k8slab.lessons.writing.python import Python

__all__ = ["LabFile", "read_lab"]

_ID = re.compile(r"(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?")
_REFERENCE = re.compile(r"""\blab\.(check|hint|predict|reveal|quiz|break_it|debrief)\(["']([^"']+)["']""")
_KNOWN = {"code-cell", "checks", "exercise", "predict", "quiz", "fault"}


@dataclass
class LabFile:
    """What a file holds: the content that checks and hints are taken from, and the cells of the notebook."""

    content: LabContent
    cells: list[Cell]


def read_lab(path: Path) -> LabFile:
    """Return the lab of a file.

    Raises
    ------
    K8slabError
        If something is missing or wrong: which file, which line, what.
    """
    if path.suffix != ".md":
        raise K8slabError(f'"{path}" is not the file of a lab: its name ends with .md')
    blocks = read(path)
    if not blocks or blocks[0].kind != "header":
        raise Place(path.name, 1).error('a lab begins with a header: "---", "title: …", "---"')
    header = fields(blocks[0], "the header")
    header.only("title", "id", "owns", "node_keys", "reading")
    reader = _Reader(_lab_id(header, path), Python(path))
    for block in blocks[1:]:
        reader.take(block)
    reader.finish(header.place)
    content = LabContent(
        reader.lab,
        header.text("title"),
        tuple(reader.exercises),
        tuple(reader.predictions),
        tuple(reader.faults),
        tuple(reader.quizzes),
        node_keys=header.texts("node_keys"),
        owns=header.texts("owns"),
        reading=header.pairs("reading"),
    )
    return LabFile(content, list(_whole(content, path.name, reader.cells)))


def _lab_id(header: Fields, path: Path) -> str:
    lab = header.text("id", path.stem)
    if not _ID.fullmatch(lab):
        raise header.error(
            f'"{lab}" cannot be the id of a lab. It becomes a part of the namespace\'s name: small letters, digits and -, with a '
            "letter among them. Write one into the header: id: my-lab"
        )
    return lab


def _whole(content: LabContent, file: str, cells: list[Cell]) -> Iterator[Cell]:
    """Yield the cells, with those around them that every lab has: one that opens it, two that look back."""
    yield Cell("markdown", f"# {content.title}")
    head = 1 if cells and cells[0].kind == "markdown" else 0
    yield from cells[:head]
    yield Cell("code", f'import k8slab\n\nlab = k8slab.lab("{file}")\nlab', ("setup",))
    yield from cells[head:]
    yield Cell("code", "lab.score()")
    yield Cell("code", "lab.debrief()")


@dataclass
class _Reader:
    """Takes one block after the other."""

    lab: str
    python: Python
    cells: list[Cell] = field(default_factory=list)
    exercises: list[Exercise] = field(default_factory=list)
    predictions: list[Prediction] = field(default_factory=list)
    quizzes: list[Quiz] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)
    references: list[tuple[str, str, Place]] = field(default_factory=list)

    def take(self, block: Block) -> None:
        if block.kind == "text":
            self.cells.append(Cell("markdown", block.body))
        elif block.kind == "code-cell":
            self._code(block)
        elif block.kind == "checks":
            self.python.run(block.body, block.place)
        elif block.kind in _KNOWN:
            self._named(block)
        else:
            raise block.place.error(f"unknown block {{{block.kind}}}; known: {', '.join(sorted(_KNOWN))}")

    def _code(self, block: Block) -> None:
        for number, line in enumerate(block.body.splitlines()):
            for what, key in _REFERENCE.findall(line):
                self.references.append((what, key, block.place.below(number)))
        self.cells.append(Cell("code", block.body, block.tags))

    def _named(self, block: Block) -> None:
        if not re.fullmatch(r"\w+", block.argument):
            raise block.place.error(f"{{{block.kind}}} is followed by its name, one word: {{{block.kind}}} 1")
        name, what = f"{self.lab}.{block.argument}", f"{block.kind} {block.argument}"
        if name in self.places:
            raise block.place.error(
                f'"{block.argument}" is the name of two blocks; the other is in line {self.places[name].line}'
            )
        self.places[name] = block.place
        found = fields(block, what)
        {"exercise": self._exercise, "predict": self._predict, "quiz": self._quiz, "fault": self._fault}[block.kind](name, found)

    def _exercise(self, name: str, found: Fields) -> None:
        found.only("task", "check", "hints", "solution", "reason", "owns", "fault")
        hints = found.texts("hints")
        if len(hints) != 2:
            raise found.error(f"{found.what} needs two hints, a nudge and a pointer, not {len(hints)}: the solution is the third")
        task = found.text("task")
        check = self.python.check(*found.code("check"), found.what)
        solution, reason = found.text("solution"), found.text("reason")
        plain = task.replace("`", "").replace("**", "")
        self.exercises.append(
            Exercise(name, plain, check, (hints[0], hints[1]), solution, reason, found.texts("owns"), found.text("fault", ""))
        )
        if self.exercises[-1].fault:
            self.references.append(("break_it", self.exercises[-1].fault, found.place))
        self.cells += [
            Cell("markdown", f"**Exercise {name}.** {task}"),
            Cell("code", "# your solution", ("exercise",)),
            Cell("code", f'lab.check("{name}")', ("check",)),
        ]

    def _predict(self, name: str, found: Fields) -> None:
        found.only("question", "options", "answer", "why")
        options, answer = found.texts("options"), found.text("answer")
        if not answer.isdecimal() or not 1 <= int(answer) <= len(options):
            raise found.error(f'the answer of {found.what} is the number of an option, 1 to {len(options)}, not "{answer}"')
        self.predictions.append(Prediction(name, found.text("question"), options, int(answer) - 1, found.text("why")))
        self._ask("predict", name)

    def _quiz(self, name: str, found: Fields) -> None:
        found.only("question", "options")
        options = []
        for part in found.parts("options"):
            part.only("text", "why", "right")
            options.append(Option(part.text("text"), part.text("why"), part.text("right", "no") in ("yes", "true")))
        if sum(option.right for option in options) != 1:
            raise found.error(f'{found.what} has one option with "right: yes", not {sum(option.right for option in options)}')
        self.quizzes.append(Quiz(name, found.text("question"), tuple(options)))
        self._ask("quiz", name)

    def _fault(self, name: str, found: Fields) -> None:
        found.only("story", "ways", "exercise")
        ways = []
        for number, part in enumerate(found.parts("ways"), 1):
            part.only("inject", "debrief")
            ways.append(Break(self.python.inject(*part.code("inject"), f"way {number} of {found.what}"), part.text("debrief")))
        exercise = found.text("exercise", "")
        if exercise:
            self.references.append(("check", exercise, found.place))
        self.faults.append(Fault(name, found.text("story"), tuple(ways), f"{self.lab}.{exercise}" if exercise else ""))
        self._ask("break_it", name)

    def _ask(self, method: str, name: str) -> None:
        self.cells.append(Cell("code", f'lab.{method}("{name.partition(".")[2]}")', ("predict",) if method != "break_it" else ()))

    def finish(self, place: Place) -> None:
        """See that there is something to do, and that what cells refer to is there."""
        if not self.exercises:
            raise place.error("the lab has no exercise: a block {exercise} 1")
        known = {
            "exercise": {exercise.id for exercise in self.exercises},
            "prediction": {prediction.id for prediction in self.predictions},
            "quiz": {quiz.id for quiz in self.quizzes},
            "fault": {fault.id for fault in self.faults},
        }
        kinds = {"check": "exercise", "hint": "exercise", "predict": "prediction", "reveal": "prediction", "quiz": "quiz"}
        for method, key, at in self.references:
            kind = kinds.get(method, "fault")
            if key not in known[kind] and f"{self.lab}.{key}" not in known[kind]:
                raise at.error(f"there is no {kind} {key!r}")
