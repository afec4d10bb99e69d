"""A few lines of the embedded cluster's own source, read live: how the thing that just happened was done.

The file is read, not imported: the lab knows nothing of the cluster's inside. On another cluster the code that ran was
upstream's, and the lines are shown as what does the same here.
"""

import ast
import re
import textwrap
from pathlib import Path

from IPython.display import Code

import k8slab
from k8slab.errors import K8slabError

__all__ = ["source"]

_TOOL_COMMENT = re.compile(r"\s*# (?:noqa|type: ignore).*$")


class _Lines(Code):
    """Code whose long lines are scrolled: JupyterLab would break them in the middle of a word."""

    def _repr_html_(self) -> str:
        made: str = super()._repr_html_()  # type: ignore[no-untyped-call]  # IPython has few types
        return made.replace("<pre>", '<pre style="white-space: pre; overflow-x: auto">', 1)


def source(module: str, name: str) -> Code:
    """Return the source of a function, class or method (``Class.method``) of a k8slab module.

    >>> print(source("k8slab.lessons.source", "source").data.splitlines()[1])
    def source(module: str, name: str) -> Code:
    >>> print(source("k8slab.lessons.source", "_Lines._repr_html_").data.splitlines()[1])
    def _repr_html_(self) -> str:
    """
    path = Path(k8slab.__file__).parent.joinpath(*module.split(".")[1:])
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.exists():
        raise K8slabError(f"There is no module {module!r}.")
    text = path.read_text(encoding="utf-8")
    node: ast.AST = ast.parse(text)
    for part in name.split("."):
        node = _member(node, part, module)
    start, end = node.lineno, node.end_lineno  # type: ignore[attr-defined]  # _member returns only what has both
    lines = [_TOOL_COMMENT.sub("", line) for line in text.splitlines()[start - 1 : end]]
    where = path.relative_to(Path(k8slab.__file__).parent.parent)
    shown = f"# {where}, lines {start}-{end}\n" + textwrap.dedent("\n".join(lines))
    return _Lines(shown, language="python")  # type: ignore[no-untyped-call]


def _member(node: ast.AST, name: str, module: str) -> ast.AST:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and child.name == name:
            return child
    raise K8slabError(f"There is no {name!r} in {module!r}.")
