"""Lets asyncio turn the kernel's crank: the only place where the two loops meet.

The kernel runs in slices so that HTTP stays responsive, and sleeps until its next timer is due. On a stepped clock it
runs until nothing is ready and then waits for somebody to advance the clock: a learner, or a visitor from outside (who runs
a command, or calls a node port) and can do nothing but wait for an answer.
"""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from k8slab.sim.kernel import Future, Kernel

__all__ = ["Driver"]

T = TypeVar("T")

#: Callbacks run before HTTP gets a turn: few, so that a cluster that starts a thousand pods still answers in between.
SLICE = 16
#: The same on a stepped clock, where an answer waits for the cluster to rest anyway.
STEPPED_SLICE = 64
#: How many simulated seconds a stepped clock lets pass for one visitor.
PATIENCE = 60.0


class _Visitor(NamedTuple):
    answer: Future[Any]
    until: float
    busy: Callable[[], bool]


class Driver:
    """Runs a kernel on an asyncio loop.

    Parameters
    ----------
    kernel
        The kernel; the driver takes over its ``on_wake``.
    loop
        The loop, which must be the one of this thread.
    """

    def __init__(self, kernel: Kernel, loop: asyncio.AbstractEventLoop) -> None:
        self._kernel, self._loop = kernel, loop
        self._soon: asyncio.Handle | None = None
        self._later: asyncio.TimerHandle | None = None
        self._idle: list[asyncio.Future[None]] = []
        self._visitors: list[_Visitor] = []
        kernel.on_wake = self.wake

    @property
    def stepped(self) -> bool:
        """Whether the clock stands still."""
        return self._kernel.clock.mode == "stepped"

    def now(self) -> float:
        """Return the cluster's time."""
        return self._kernel.now()

    def wake(self) -> None:
        """Something is ready, or the next timer or the clock has changed."""
        if self._soon is None:
            self._soon = self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._soon = None
        if self._later is not None:
            self._later.cancel()
            self._later = None
        more = self._kernel.run_ready(STEPPED_SLICE if self.stepped else SLICE)
        if self._soon is None and more:
            self._soon = self._loop.call_soon(self._turn)
        if not more:
            self._rest()

    def _rest(self) -> None:
        waiting, self._idle = self._idle, []
        for future in waiting:
            _settle(future)
        when = self._kernel.next_timer()
        if when is None or self._soon is not None:
            return
        delay = self._kernel.clock.wall_delay(when)
        if delay is not None:
            self._later = self._loop.call_later(delay, self._turn)
        elif self._somebody_waits(when):
            self._kernel.advance_to_next()
            self.wake()

    def _somebody_waits(self, when: float) -> bool:
        self._visitors = [v for v in self._visitors if not v.answer.done]
        return any(when <= v.until and v.busy() for v in self._visitors)

    def let_time_pass(self, answer: Future[Any], busy: Callable[[], bool] = lambda: True) -> None:
        """On a stepped clock, go on from event to event until the answer is there, for `PATIENCE` at most.

        For a visitor from outside, who cannot advance the clock while waiting.

        Parameters
        ----------
        answer
            What the visitor waits for.
        busy
            Whether the cluster is at work for the visitor; it is not while it waits for the visitor's next word.
        """
        self._visitors.append(_Visitor(answer, self._kernel.now() + PATIENCE, busy))
        self.wake()

    async def idle(self) -> None:
        """Wait until the kernel has nothing left to do at this instant."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._idle.append(future)
        self.wake()
        await future

    async def result(self, future: Future[T]) -> T:
        """Wait in asyncio for a future of the kernel."""
        done: asyncio.Future[None] = self._loop.create_future()
        future.add_done_callback(lambda _: _settle(done))
        self.wake()
        await done
        return future.result()

    def close(self) -> None:
        """Stop."""
        self._kernel.on_wake = lambda: None
        for handle in (self._soon, self._later):
            if handle is not None:
                handle.cancel()


def _settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
