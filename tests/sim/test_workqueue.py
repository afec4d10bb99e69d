"""A queue that remembers each key once and gives failing ones ever more time."""

from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from k8slab.sim.workqueue import WorkQueue


def queue():
    kernel, done = Kernel(Clock("stepped")), []
    return (
        kernel,
        WorkQueue(kernel, lambda key: done.append((key, round(kernel.now() - start, 3)))),
        done,
        (start := kernel.now()),
    )


def test_a_key_added_twice_is_processed_once():
    kernel, work, done, _ = queue()
    for key in ("a", "b", "a"):
        work.add(key)
    kernel.run_ready()
    assert [key for key, _ in done] == ["a", "b"]


def test_a_key_added_while_it_is_processed_is_processed_again():
    kernel, done = Kernel(Clock("stepped")), []

    def process(key):
        done.append(key)
        if len(done) == 1:
            work.add(key)

    work = WorkQueue(kernel, process)
    work.add("a")
    kernel.run_ready()
    assert done == ["a", "a"]


def test_of_two_delays_the_earlier_counts():
    kernel, work, done, _ = queue()
    work.add_after("a", 5)
    work.add_after("a", 2)
    work.add_after("a", 9)
    kernel.advance(20)
    assert done == [("a", 2.0)]


def test_failures_wait_longer_each_time_and_forgetting_starts_over():
    kernel, work, done, _ = queue()
    for _ in range(4):
        work.add_rate_limited("a")
        kernel.advance_to_next()
    assert [when for _, when in done] == [0.005, 0.015, 0.035, 0.075]
    work.forget("a")
    work.add_rate_limited("a")
    kernel.advance_to_next()
    assert done[-1][1] == 0.08


def test_a_key_that_breaks_its_worker_does_not_stop_the_others():
    kernel, done, errors = Kernel(Clock("stepped")), [], []

    def process(key):
        if key == "bad":
            raise RuntimeError(key)
        done.append(key)

    kernel.on_error = errors.append
    work = WorkQueue(kernel, process)
    for key in ("bad", "good"):
        work.add(key)
    kernel.run_ready()
    assert (done, len(errors)) == (["good"], 1)


def test_a_cleared_queue_processes_nothing():
    kernel, work, done, _ = queue()
    work.add("a")
    work.add_after("b", 1)
    work.clear()
    kernel.advance(2)
    assert done == []


def test_a_key_that_waits_for_a_late_moment_is_not_due_so_news_of_it_count_at_once():
    _, work, _, _ = queue()
    work.add_after("a", 3600)
    assert "a" not in work
    work.add_after("a", 0.5)
    assert "a" in work
