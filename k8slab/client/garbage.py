"""Python's garbage collector, held back while a large answer becomes objects.

A list of 10,000 pods is a million new containers, none of them garbage. The collector does not know that, and walks all of
them again and again while they come into being: more than half of the time, measured. Afterwards they are set aside
(`gc.freeze`), so that later collections do not walk them either; reference counting still frees them as soon as they go.
"""

import contextlib
import gc
from collections.abc import Iterator

__all__ = ["collector_held"]

_MANY = 200_000  # containers that came into being


@contextlib.contextmanager
def collector_held() -> Iterator[None]:
    """Do the work inside without collections of cycles; if it made very many objects, set them aside."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    before = gc.get_count()[0]
    try:
        yield
    finally:
        if gc.get_count()[0] - before > _MANY:
            gc.freeze()
        gc.enable()
