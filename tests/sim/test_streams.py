"""A pipe gives its reader every byte once, in order, and then the end."""

import pytest

from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from k8slab.sim.streams import Pipe


@pytest.fixture
def kernel() -> Kernel:
    return Kernel(Clock("stepped", start=0.0))


def test_a_reader_waits_for_what_is_written(kernel: Kernel) -> None:
    pipe = Pipe(kernel)

    async def read() -> list[bytes]:
        return [await pipe.read(), await pipe.read(), await pipe.read()]

    task = kernel.spawn(read())
    kernel.run_ready()
    pipe.write(b"a")
    pipe.write(b"b")
    kernel.run_ready()
    pipe.write(b"c")
    pipe.close()
    pipe.write(b"too late")
    kernel.run_ready()
    assert task.result() == [b"ab", b"c", b""]


def test_a_listener_hears_the_past_the_future_and_the_end(kernel: Kernel) -> None:
    pipe = Pipe(kernel)
    pipe.write(b"a")
    heard: list[bytes] = []
    pipe.listen(heard.append)
    pipe.write(b"b")
    pipe.close()
    assert heard == [b"a", b"b", b""]


def test_who_listens_to_a_closed_pipe_hears_its_end(kernel: Kernel) -> None:
    pipe = Pipe(kernel)
    pipe.write(b"a")
    pipe.close()
    heard: list[bytes] = []
    pipe.listen(heard.append)
    assert heard == [b"a", b""]
