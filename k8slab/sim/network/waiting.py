"""Waiting for something, but not for ever."""

from collections.abc import Coroutine
from typing import Any, TypeVar

from k8slab.sim.kernel import Future, Kernel

__all__ = ["OutOfTime", "within"]

T = TypeVar("T")


class OutOfTime(Exception):
    """The time given to `within` is over."""


async def within(kernel: Kernel, seconds: float | None, work: Coroutine[Future[Any], None, T]) -> T:
    """Run a coroutine for at most so many simulated seconds; it is cancelled if it takes longer."""
    if seconds is None:
        return await work
    task = kernel.spawn(work)
    over: Future[None] = kernel.future()
    timer = kernel.call_later(seconds, over.set_result, None)
    task.add_done_callback(lambda _: over.set_result(None))
    try:
        await over
    finally:
        timer.cancel()
        if not task.done:
            task.cancel()
    try:
        return task.result()
    except Exception:
        raise
    except BaseException as cancelled:
        raise OutOfTime from cancelled
