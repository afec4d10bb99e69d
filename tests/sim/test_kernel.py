"""The kernel keeps the promises its module opens with: one thing after the other, in order of time, then of arrival."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Cancelled, Kernel


@pytest.fixture
def kernel() -> Kernel:
    return Kernel(Clock("stepped", start=0.0), seed=1)


def test_what_is_ready_runs_in_order_of_arrival(kernel: Kernel) -> None:
    seen: list[int] = []
    for n in range(3):
        kernel.call_soon(seen.append, n)
    assert kernel.run_ready() is False
    assert seen == [0, 1, 2]


def test_a_slice_leaves_the_rest_for_later(kernel: Kernel) -> None:
    seen: list[int] = []
    for n in range(3):
        kernel.call_soon(seen.append, n)
    assert kernel.run_ready(limit=2) is True
    assert seen == [0, 1]


@given(st.lists(st.integers(0, 5), max_size=20))
def test_timers_run_in_order_of_time_then_of_arrival(delays: list[int]) -> None:
    kernel = Kernel(Clock("stepped", start=0.0))
    seen: list[tuple[int, int]] = []
    for number, delay in enumerate(delays):
        kernel.call_later(delay, seen.append, (delay, number))
    kernel.advance(10)
    assert seen == sorted(seen)
    assert len(seen) == len(delays)


def test_a_callback_sees_the_instant_it_was_meant_for(kernel: Kernel) -> None:
    seen: list[float] = []
    for delay in (3, 1, 2):
        kernel.call_later(delay, lambda: seen.append(kernel.now()))
    kernel.advance(2.5)
    assert (seen, kernel.now()) == ([1, 2], 2.5)


def test_timers_that_timers_set_run_on_the_same_way(kernel: Kernel) -> None:
    seen: list[float] = []

    def tick() -> None:
        seen.append(kernel.now())
        kernel.call_later(1, tick)

    kernel.call_later(1, tick)
    kernel.advance(3)
    assert seen == [1, 2, 3]


def test_a_cancelled_timer_is_no_next_event(kernel: Kernel) -> None:
    timer = kernel.call_later(1, pytest.fail)
    later = kernel.call_later(2, lambda: None)
    timer.cancel()
    assert kernel.next_timer() == later.when
    assert kernel.advance_to_next() is True
    assert (kernel.now(), kernel.advance_to_next()) == (2, False)


def test_a_coroutine_sleeps_and_returns(kernel: Kernel) -> None:
    async def work() -> str:
        await kernel.sleep(2)
        return f"done at {kernel.now():g}"

    async def wait() -> str:
        return await kernel.spawn(work())

    task = kernel.spawn(wait())
    kernel.advance(5)
    assert task.result() == "done at 2"


def test_an_error_reaches_who_waits(kernel: Kernel) -> None:
    async def work() -> None:
        raise ValueError("no")

    task = kernel.spawn(work())
    kernel.run_ready()
    with pytest.raises(ValueError, match="no"):
        task.result()


def test_a_cancelled_coroutine_cleans_up_and_ends(kernel: Kernel) -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            await kernel.sleep(10)
        finally:
            seen.append("cleaned up")

    task = kernel.spawn(work())
    kernel.run_ready()
    task.cancel()
    assert (seen, task.done) == (["cleaned up"], True)
    with pytest.raises(Cancelled):
        task.result()
    kernel.advance(20)
    assert seen == ["cleaned up"]


def test_a_future_has_one_value(kernel: Kernel) -> None:
    future = kernel.future()
    future.set_result(1)
    future.set_result(2)
    future.set_error(ValueError())
    assert future.result() == 1


def test_an_error_of_a_callback_stops_nobody_else_if_somebody_is_told(kernel: Kernel) -> None:
    errors: list[BaseException] = []
    kernel.on_error = errors.append
    seen: list[int] = []
    kernel.call_soon(lambda: 1 // 0)
    kernel.call_soon(seen.append, 1)
    kernel.run_ready()
    assert (len(errors), seen) == (1, [1])


def test_one_seed_gives_the_same_ids() -> None:
    first, second, other = (Kernel(seed=seed) for seed in (1, 1, 2))
    assert first.uuid() == second.uuid() != other.uuid()


def test_whoever_drives_it_is_woken_once_for_many_callbacks(kernel: Kernel) -> None:
    woken: list[int] = []
    kernel.on_wake = lambda: woken.append(1)
    kernel.call_soon(int)
    kernel.call_soon(int)
    assert len(woken) == 1
    kernel.call_later(5, int)
    kernel.call_later(9, int)
    assert len(woken) == 2
    kernel.call_later(1, int)
    assert len(woken) == 3
