"""An expression, compiled once and evaluated often."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from k8slab.sim.apiserver.cel.library import FUNCTIONS

if TYPE_CHECKING:
    import cel

__all__ = ["BadExpression", "EvaluationError", "NotHere", "Program", "compiled", "located", "without_literals"]

_BUILT_IN = frozenset({
    "all", "bool", "bytes", "contains", "double", "duration", "dyn", "endsWith", "exists", "exists_one", "existsOne", "filter",
    "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes",
    "getMonth", "getSeconds", "has", "hasValue", "int", "map", "matches", "or", "orValue", "size", "startsWith", "string",
    "timestamp", "type", "uint", "value",
})  # fmt: skip
_NAMESPACES = frozenset({"cel", "math", "sets", "base64", "optional", "strings", "lists"})
_TYPES = frozenset({"bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"})
_BOUND = re.compile(r"\.(?:all|exists|exists_one|existsOne|map|filter)\(\s*([A-Za-z_]\w*)\s*,")
_TWO_VARIABLES = re.compile(r"\.(all|exists|exists_one|existsOne|transform\w+)\(\s*[A-Za-z_]\w*\s*,\s*[A-Za-z_]\w*\s*,")
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")


class BadExpression(Exception):
    """An expression that cannot be compiled; the text is cel-go's."""


class NotHere(Exception):
    """An expression that real Kubernetes understands, and this cluster does not; the text names the part."""


class EvaluationError(Exception):
    """An expression that could not be evaluated; the text is cel-go's."""


class Program:
    """A compiled expression; made by `compiled`."""

    def __init__(self, text: str, program: "cel.Program") -> None:
        self.text, self._program = text, program
        self.variables = frozenset(program.variables())

    def evaluate(self, variables: Mapping[str, Any]) -> Any:
        """Return the value.

        Raises
        ------
        EvaluationError
            With cel-go's text.
        """
        import cel

        try:
            return self._program.execute(cel.Context(variables=dict(variables), functions=FUNCTIONS))
        except KeyError as error:
            raise EvaluationError(f"no such key: {error.args[0]}".replace("'", "")) from None
        except IndexError as error:
            raise EvaluationError(str(error)) from None
        except ZeroDivisionError:
            raise EvaluationError("division by zero") from None
        except OverflowError:
            raise EvaluationError("integer overflow") from None
        except TypeError:
            raise EvaluationError("no such overload") from None
        except (RuntimeError, ValueError) as error:
            raise EvaluationError(str(error).partition(". Check that")[0]) from None


@lru_cache(maxsize=4096)
def compiled(text: str, known: frozenset[str] = frozenset({"self", "oldSelf"})) -> Program:
    """Compile an expression that may use these variables.

    >>> compiled("self.replicas <= self.limit").evaluate({"self": {"replicas": 2, "limit": 3}})
    True
    >>> compiled("self.replicas <= limit")
    Traceback (most recent call last):
    k8slab.sim.apiserver.cel.program.BadExpression: ERROR: <input>:1:18: undeclared reference to 'limit' (in container '')
     | self.replicas <= limit
     | .................^

    Raises
    ------
    BadExpression
        If it is wrong.
    NotHere
        If it is right, but uses what this cluster does not know.
    """
    import cel  # its command line comes along, so only who has rules pays for it

    try:
        program = Program(text, cel.compile(text))
    except ValueError as error:
        problem = str(error).partition(": ")[2].replace("\n|", "\n |")
        if "unsupported syntax" in problem:
            raise NotHere(problem.partition("unsupported ")[2].partition("\n")[0]) from None
        raise BadExpression(problem) from None
    bare = without_literals(text)
    two = _TWO_VARIABLES.search(bare)
    spaces = program.variables & _NAMESPACES
    if two or spaces:
        raise NotHere(f"{two[1]} with two variables" if two else f"the functions of {min(spaces)}")
    unknown = {f for f in program._program.functions() if f.isidentifier()} - _BUILT_IN - FUNCTIONS.keys()
    undeclared = program.variables - known - _TYPES - set(_BOUND.findall(bare))
    for name in sorted(unknown | undeclared):
        raise BadExpression(located(text, bare, name, f"undeclared reference to '{name}' (in container '')"))
    return program


def without_literals(text: str) -> str:
    """Return an expression with blanks in the place of its strings."""
    return _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)


def located(text: str, bare: str, name: str, problem: str, start: int = 0) -> str:
    """Return a problem as cel-go shows it: with the line, and a mark below the name."""
    found = re.search(rf"(?<!\w){re.escape(name)}\b", bare[start:])
    offset = start + (found.start() if found else 0)
    before = text[:offset]
    line, column = before.count("\n"), offset - (before.rfind("\n") + 1)
    shown = text.split("\n")[line]
    return f"ERROR: <input>:{line + 1}:{column + 1}: {problem}\n | {shown}\n | {'.' * column}^"
