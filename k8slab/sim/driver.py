"""Lets asyncio turn the kernel's crank: the only place where the two loops meet.

The kernel runs in slices so that HTTP stays responsive, and sleeps until its next timer is due. On a stepped clock it
runs until nothing is ready and then waits for somebody to advance the clock.
"""

import asyncio
from typing import TypeVar

from k8slab.sim.kernel import Future, Kernel

__all__ = ["Driver"]

T = TypeVar("T")

#: Callbacks run before HTTP gets a turn.
SLICE = 64


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
        kernel.on_wake = self.wake

    @property
    def stepped(self) -> bool:
        """Whether the clock stands still."""
        return self._kernel.clock.mode == "stepped"

    def wake(self) -> None:
        """Something is ready, or the next timer or the clock has changed."""
        if self._soon is None:
            self._soon = self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._soon = None
        if self._later is not None:
            self._later.cancel()
            self._later = None
        more = self._kernel.run_ready(SLICE)
        if self._soon is None and more:
            self._soon = self._loop.call_soon(self._turn)
        if not more:
            self._rest()

    def _rest(self) -> None:
        waiting, self._idle = self._idle, []
        for future in waiting:
            _settle(future)
        when = self._kernel.next_timer()
        delay = self._kernel.clock.wall_delay(when) if when is not None else None
        if delay is not None and self._soon is None:
            self._later = self._loop.call_later(delay, self._turn)

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
