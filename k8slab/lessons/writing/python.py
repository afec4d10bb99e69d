"""The Python of a lab's file: helper functions, checks and what a fault does, compiled with their lines in the file."""

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from k8slab import client
from k8slab.errors import K8slabError
from k8slab.lessons import exercise, judging
from k8slab.lessons.exercise import Check
from k8slab.lessons.writing.markdown import Place

__all__ = ["Python"]


class Python:
    """The names that the Python of one file sees: those of `judging`, ``holds``, ``missing``, of `k8slab.client`, and its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: dict[str, Any] = {"holds": exercise.holds, "missing": exercise.missing}
        for module in (judging, client):
            self._names |= {name: getattr(module, name) for name in module.__all__}

    def run(self, code: str, place: Place) -> None:
        """Run a block of helper functions."""
        self._execute(self._parsed(code, place, "the block {checks}"), place, "the block {checks}")

    def check(self, code: str, place: Place, what: str) -> Check:
        """Return a check: a generator of findings, of which ``cluster`` is the argument."""
        made: Check = self._function(code, place, f"the check of {what}")
        if not inspect.isgeneratorfunction(made):
            raise place.error(f"the check of {what} yields nothing: yield say(…), yield holds(…) or yield missing(…)")
        return made

    def inject(self, code: str, place: Place, what: str) -> Callable[[client.Cluster], None]:
        """Return what breaks something; ``cluster`` is the argument."""
        made: Callable[[client.Cluster], None] = self._function(code, place, what)
        return made

    def _function(self, code: str, place: Place, what: str) -> Any:
        name = "_lab_" + "".join(c if c.isalnum() else "_" for c in what)
        frame = ast.parse(f"def {name}(cluster): pass")
        function = frame.body[0]
        assert isinstance(function, ast.FunctionDef)
        function.body = self._parsed(code, place, what).body or function.body
        self._execute(frame, place, what)
        return self._names[name]

    def _parsed(self, code: str, place: Place, what: str) -> ast.Module:
        try:
            tree = ast.parse(code)
        except SyntaxError as error:
            raise place.below((error.lineno or 1) - 1).error(f"{what} is not Python: {error.msg}") from error
        ast.increment_lineno(tree, place.line - 1)
        return tree

    def _execute(self, tree: ast.Module, place: Place, what: str) -> None:
        try:
            exec(compile(tree, self._path, "exec"), self._names)
        except K8slabError:
            raise
        except SyntaxError as error:
            raise Place(place.file, error.lineno or place.line).error(f"{what} is not Python: {error.msg}") from error
        except Exception as error:
            raise place.error(f"{what} cannot be run: {type(error).__name__}: {error}") from error
