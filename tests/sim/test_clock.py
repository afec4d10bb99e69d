"""One clock: real, accelerated or stepped, and never back."""

import pytest

from k8slab.sim.clock import STEPPED_EPOCH, Clock


class Wall:
    """The host's monotonic time, in the test's hands."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_real_time_passes_as_it_does() -> None:
    wall = Wall()
    clock = Clock("real", start=0.0, wall=wall)
    wall.seconds += 5
    assert (clock.now(), clock.rate, clock.wall_delay(8.0)) == (5, 1, 3)


def test_accelerated_time_passes_faster() -> None:
    wall = Wall()
    clock = Clock("accelerated", rate=10, start=0.0, wall=wall)
    wall.seconds += 5
    assert (clock.now(), clock.wall_delay(80.0)) == (50, 3)


def test_stepped_time_stands_still_until_it_jumps() -> None:
    wall = Wall()
    clock = Clock("stepped", wall=wall)
    wall.seconds += 5
    assert (clock.now(), clock.rate, clock.wall_delay(clock.now() + 1)) == (STEPPED_EPOCH, 0, None)
    clock.jump(3)
    assert clock.now() == STEPPED_EPOCH + 3


def test_a_change_of_mode_goes_on_from_where_time_is() -> None:
    wall = Wall()
    clock = Clock("stepped", start=7.0, wall=wall)
    wall.seconds += 50
    clock.set("accelerated", 2)
    assert clock.now() == 7
    wall.seconds += 1
    clock.set("real")
    assert clock.now() == 9


def test_what_is_overdue_is_due_now() -> None:
    assert Clock("real", start=10.0, wall=Wall()).wall_delay(3.0) == 0


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="the clock cannot go back"):
        Clock("stepped").jump(-1)
