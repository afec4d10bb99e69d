"""Imports the official client, and leaves out what takes most of the time and is not needed here.

The client imports kubernetes-validate, and that jsonschema, which builds a grammar of internationalised addresses
(rfc3987-syntax, there wherever JupyterLab is) as soon as it can. On a small machine that takes some seconds, more than all
else that the first cell of a lab does. Schemas of Kubernetes have no such addresses. Import this module before anything of
`kubernetes`.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["left_out"]


@contextmanager
def left_out(module: str) -> Iterator[None]:
    """Let ``import module`` fail meanwhile, as if it were not installed; nothing happens if it is loaded already.

    >>> with left_out("tabnanny"):
    ...     import tabnanny
    Traceback (most recent call last):
        ...
    ModuleNotFoundError: import of tabnanny halted; None in sys.modules
    >>> import tabnanny
    """
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]  # how Python is told that there is none
    try:
        yield
    finally:
        del sys.modules[module]


with left_out("rfc3987_syntax"):
    import kubernetes.client  # noqa: F401
