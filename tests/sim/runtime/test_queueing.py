"""A server under load waits, saturates and is throttled as queueing theory and cgroups say."""

import pytest

from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from k8slab.sim.runtime.cpu import CpuAccount, NodeCpu

MEAN = 0.01  # of the service time


def sojourn(kernel, utilization, service, requests=60_000, limit=0):
    """Return the mean time in the system, with requests that come at random."""
    account, total = CpuAccount(kernel, NodeCpu(4000), limit), 0.0
    for _ in range(requests):
        kernel.advance(kernel.random.expovariate(utilization / MEAN))
        total += account.serve(service(kernel)) - kernel.now()
    return total / requests


@pytest.fixture
def kernel():
    return Kernel(Clock(mode="stepped"), seed=3)


@pytest.mark.parametrize("utilization", [0.3, 0.5, 0.7])
def test_random_service_times_wait_as_in_m_m_1(kernel, utilization):
    found = sojourn(kernel, utilization, lambda k: k.random.expovariate(1 / MEAN))
    assert found == pytest.approx(MEAN / (1 - utilization), rel=0.08)


@pytest.mark.parametrize("utilization", [0.3, 0.5, 0.7])
def test_constant_service_times_wait_as_in_m_d_1(kernel, utilization):
    found = sojourn(kernel, utilization, lambda k: MEAN)
    assert found == pytest.approx(MEAN + utilization * MEAN / (2 * (1 - utilization)), rel=0.06)


def test_two_workers_serve_two_at_once(kernel):
    account = CpuAccount(kernel, NodeCpu(4000))
    now = kernel.now()
    assert [round(account.serve(1, 2) - now, 3) for _ in range(4)] == [1, 1, 2, 2]


def test_a_limit_stops_a_server_until_the_next_period(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=500)
    began = kernel.now()
    assert account.serve(0.5) - began == pytest.approx(0.95, abs=0.06)  # 50 ms in each period of 100 ms
    assert account.throttled.count in (9, 10)
    assert "nr_throttled 9" in account.stat() or "nr_throttled 10" in account.stat()


def test_work_within_the_quota_is_not_throttled(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=500)
    for _ in range(20):
        kernel.advance(0.1)
        account.serve(0.02)
    assert account.throttled.count == 0
    assert account.throttled.periods >= 20


def test_neighbours_take_their_share(kernel):
    node = NodeCpu(1000)
    busy, server = CpuAccount(kernel, node, request=500), CpuAccount(kernel, node, request=500)
    busy.burn(1000)
    assert server.serve(1) - kernel.now() == pytest.approx(2, rel=0.05)
