"""The two loops meet: on a stepped clock time stands still, unless a visitor from outside waits for an answer."""

import asyncio

import pytest

from k8slab.sim.clock import Clock
from k8slab.sim.driver import PATIENCE, Driver
from k8slab.sim.kernel import Future, Kernel
from k8slab.sim.streams import Pipe


@pytest.fixture
def kernel() -> Kernel:
    return Kernel(Clock("stepped", start=0.0))


async def rest(driver: Driver) -> None:
    for _ in range(100):
        await driver.idle()


def test_a_stepped_clock_stands_still(kernel: Kernel) -> None:
    async def run() -> None:
        driver = Driver(kernel, asyncio.get_running_loop())
        kernel.sleep(1)
        await rest(driver)

    asyncio.run(run())
    assert kernel.now() == 0


def test_time_passes_until_a_visitor_has_the_answer_and_no_longer(kernel: Kernel) -> None:
    async def run() -> None:
        driver = Driver(kernel, asyncio.get_running_loop())
        answer: Future[None] = kernel.sleep(3)
        kernel.sleep(1)
        kernel.sleep(5)
        driver.let_time_pass(answer)
        await driver.result(answer)
        await rest(driver)

    asyncio.run(run())
    assert kernel.now() == 3


def test_a_visitor_who_waits_too_long_lets_no_more_time_pass(kernel: Kernel) -> None:
    async def run() -> None:
        driver = Driver(kernel, asyncio.get_running_loop())

        def tick() -> None:
            kernel.call_later(1, tick)

        tick()
        driver.let_time_pass(kernel.future())
        await rest(driver)

    asyncio.run(run())
    assert kernel.now() == PATIENCE


def test_no_time_passes_while_the_cluster_waits_for_the_visitors_next_word(kernel: Kernel) -> None:
    words = Pipe(kernel)

    async def talk() -> None:
        while await words.read():
            await kernel.sleep(2)

    async def run() -> None:
        driver = Driver(kernel, asyncio.get_running_loop())
        kernel.sleep(1)
        talking = kernel.spawn(talk())
        driver.let_time_pass(talking, busy=lambda: not words.awaited)
        await rest(driver)
        assert kernel.now() == 0
        words.write(b"hello")
        await rest(driver)
        assert kernel.now() == 2

    asyncio.run(run())
