"""The event loop of the simulation.

Principles:

1. One thread. Whatever happens in the cluster happens here, one callback after the other.
2. Two queues: what is ready (in order of arrival) and what waits for the clock (in order of time, then of arrival).
3. Time passes only between callbacks; a callback sees one instant.
4. A simulated process is a coroutine that awaits a `Future`, `Kernel.sleep` or nothing else.
5. Chance comes from one seeded source; so do ids. Same seed, same clock, same requests: same cluster, to the byte.
6. The kernel knows no Kubernetes and never will.
"""

import heapq
import random
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from k8slab.sim.clock import Clock

__all__ = ["Cancelled", "Future", "Kernel", "Task", "Timer"]

T = TypeVar("T")


class Cancelled(BaseException):
    """Thrown into a coroutine whose task was cancelled."""


class Timer:
    """A callback that waits for the clock; `cancel` forgets it."""

    __slots__ = ("args", "callback", "when")

    def __init__(self, when: float, callback: Callable[..., object] | None, args: tuple[Any, ...]) -> None:
        self.when, self.callback, self.args = when, callback, args

    def cancel(self) -> None:
        """Forget the callback; harmless if it has run."""
        self.callback = None


class Future(Generic[T]):
    """A value that is not there yet; a coroutine of the kernel can await it."""

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._callbacks: list[Callable[[Future[T]], object]] = []
        self._value: T | None = None
        self._error: BaseException | None = None
        self.done = False

    def set_result(self, value: T) -> None:
        """Give the value; a second one is ignored."""
        self._finish(value, None)

    def set_error(self, error: BaseException) -> None:
        """Give an error instead of a value."""
        self._finish(None, error)

    def _finish(self, value: T | None, error: BaseException | None) -> None:
        if not self.done:
            self.done, self._value, self._error = True, value, error
            for callback in self._callbacks:
                self._kernel.call_soon(callback, self)

    def add_done_callback(self, callback: Callable[["Future[T]"], object]) -> None:
        """Run ``callback(self)`` soon after the value is there."""
        if self.done:
            self._kernel.call_soon(callback, self)
        else:
            self._callbacks.append(callback)

    def result(self) -> T:
        """Return the value or raise the error."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]

    def __await__(self) -> Generator["Future[T]", None, T]:
        if not self.done:
            yield self
        return self.result()


class Task(Future[T]):
    """A running coroutine; awaiting the task awaits its return value."""

    def __init__(self, kernel: "Kernel", coroutine: Coroutine[Future[Any], None, T], name: str) -> None:
        super().__init__(kernel)
        self._coroutine, self.name = coroutine, name
        self._waiting: Future[Any] | None = None

    def step(self, woken_by: Future[Any] | None = None) -> None:
        """Run the coroutine up to its next await."""
        if self.done or woken_by is not self._waiting:
            return
        try:
            self._waiting = self._coroutine.send(None)
        except StopIteration as stop:
            self.set_result(stop.value)
        except (Cancelled, Exception) as error:
            self.set_error(error)
        else:
            self._waiting.add_done_callback(self.step)

    def cancel(self) -> None:
        """Throw `Cancelled` into the coroutine at its await; it may clean up but not go on waiting."""
        if self.done:
            return
        self._waiting = None
        try:
            self._coroutine.throw(Cancelled())
        except StopIteration as stop:
            self.set_result(stop.value)
        except (Cancelled, Exception) as error:
            self.set_error(error)
        else:
            self._coroutine.close()
            self.set_error(Cancelled())


class Kernel:
    """Runs callbacks and coroutines in the order the module's principles promise.

    Parameters
    ----------
    clock
        The clock that timers follow.
    seed
        Seed of `random`, and so of every id and name suffix; None takes one from the host.
    """

    def __init__(self, clock: Clock | None = None, seed: int | None = None) -> None:
        self.clock = clock or Clock()
        self.random = random.Random(seed)
        self.on_wake: Callable[[], object] = lambda: None  #: told when there is something new to run or wait for
        self.on_error: Callable[[BaseException], object] | None = None  #: told of a callback's error; else it propagates
        self._ready: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._timers: list[tuple[float, int, Timer]] = []
        self._sequence = 0

    def now(self) -> float:
        """Return simulated seconds since the Unix epoch."""
        return self.clock.now()

    def uuid(self) -> str:
        """Return a random UUID (version 4) from the seeded source."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def call_soon(self, callback: Callable[..., object], *args: Any) -> None:
        """Run the callback after everything that is ready already."""
        self._ready.append((callback, args))
        if len(self._ready) == 1:
            self.on_wake()

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> Timer:
        """Run the callback when the clock reaches ``when``."""
        timer = Timer(when, callback, args)
        self._sequence += 1
        heapq.heappush(self._timers, (when, self._sequence, timer))
        if self._timers[0][2] is timer:
            self.on_wake()
        return timer

    def call_later(self, seconds: float, callback: Callable[..., object], *args: Any) -> Timer:
        """Run the callback ``seconds`` of simulated time from now."""
        return self.call_at(self.now() + seconds, callback, *args)

    def future(self) -> Future[Any]:
        """Return a new, empty future."""
        return Future(self)

    def spawn(self, coroutine: Coroutine[Future[Any], None, T], name: str = "") -> Task[T]:
        """Start a coroutine; its first step runs with the other ready callbacks."""
        task = Task(self, coroutine, name)
        self.call_soon(task.step)
        return task

    def sleep(self, seconds: float) -> Future[None]:
        """Return a future that is done after ``seconds`` of simulated time: ``await kernel.sleep(1)``."""
        future: Future[None] = Future(self)
        self.call_later(seconds, future.set_result, None)
        return future

    def next_timer(self) -> float | None:
        """Return the simulated time of the earliest timer, None if nothing waits."""
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def run_ready(self, limit: int | None = None) -> bool:
        """Run what is due; at most ``limit`` callbacks. Return whether more is ready."""
        count = 0
        while limit is None or count < limit:
            self._release_timers()
            if not self._ready:
                return False
            callback, args = self._ready.popleft()
            count += 1
            try:
                callback(*args)
            except (Cancelled, Exception) as error:
                if self.on_error is None:
                    raise
                self.on_error(error)
        return bool(self._ready)

    def _release_timers(self) -> None:
        while (when := self.next_timer()) is not None and when <= self.clock.now():
            timer = heapq.heappop(self._timers)[2]
            assert timer.callback is not None
            self._ready.append((timer.callback, timer.args))

    def advance(self, seconds: float) -> None:
        """Let simulated time pass at once, event by event, running everything that falls due on the way."""
        end = self.now() + seconds
        while self.advance_towards(end, 1000):
            pass

    def advance_towards(self, end: float, events: int) -> bool:
        """Let time pass until a moment, but for so many events at most; return whether some of it is left."""
        self.run_ready()
        for _ in range(events):
            when = self.next_timer()
            if when is None or when > end:
                self.clock.jump(max(0.0, end - self.now()))
                return False
            self.clock.jump(max(0.0, when - self.now()))
            self.run_ready()
        return True

    def advance_to_next(self) -> bool:
        """Jump to the earliest timer and run what falls due; return False if nothing waits."""
        self.run_ready()
        when = self.next_timer()
        if when is None:
            return False
        self.clock.jump(max(0.0, when - self.now()))
        self.run_ready()
        return True
