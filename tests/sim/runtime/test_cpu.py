"""CPU time of containers: shares by weight, limits, and how long work takes under them."""

import pytest

from k8slab.sim.clock import Clock
from k8slab.sim.kernel import Kernel
from k8slab.sim.runtime.cpu import Claim, CpuAccount, NodeCpu, shares, weight_of


# Weights: pkg/kubelet/cm/helpers_linux.go, MilliCPUToShares (1024 per core, at least 2). Shares: what the kernel's fair
# scheduler gives (Documentation/admin-guide/cgroup-v2.rst, "cpu.weight": by weight among those that are active).
@pytest.mark.parametrize(
    ("capacity", "claims", "given"),
    [
        pytest.param(1000, [(1000, 512)], [1000], id="alone: everything"),
        pytest.param(1000, [(300, 2), (400, 1024)], [300, 400], id="enough for all: weights do not matter"),
        pytest.param(1000, [(1000, 512), (1000, 512)], [500, 500], id="equal weights: halves"),
        pytest.param(1000, [(1000, 1024), (1000, 256)], [800, 200], id="by weight: requests 1 and 250m"),
        pytest.param(1000, [(100, 1024), (1000, 256), (1000, 256)], [100, 450, 450], id="what one leaves goes to the others"),
        pytest.param(3000, [(4000, 2), (4000, 1022)], [5.859, 2994.141], id="without a request: next to nothing"),
        pytest.param(900, [(200, 512), (900, 512), (350, 512)], [200, 350, 350], id="those who want less are served first"),
        pytest.param(1000, [], [], id="nobody"),
    ],
)
def test_a_node_is_shared_by_weight(capacity, claims, given):
    assert shares(capacity, [Claim(*c) for c in claims]) == pytest.approx(given, abs=0.001)


@pytest.mark.parametrize(("request_", "weight"), [(0, 2), (1, 2), (100, 102), (250, 256), (1000, 1024), (4000, 4096)])
def test_the_request_is_the_weight(request_, weight):
    assert weight_of(request_) == weight


@pytest.fixture
def kernel():
    return Kernel(Clock("stepped"), seed=1)


def rate(kernel, account, seconds=60):
    """Return the millicores that an account uses over some time."""
    before = account.used()
    kernel.advance(seconds)
    return round((account.used() - before) / seconds * 1000)


def work(kernel, account, step=0.05):
    """Keep one process busy in an account."""

    async def loop():
        while True:
            await kernel.sleep(account.charge(step))

    kernel.spawn(loop())


def test_who_burns_gets_all_that_is_wanted_up_to_the_limit(kernel):
    node = NodeCpu(4000)
    free, limited = CpuAccount(kernel, node), CpuAccount(kernel, node, limit=500)
    free.burn(2000)
    limited.burn(2000)
    assert (rate(kernel, free), rate(kernel, limited)) == (2000, 500)


def test_burners_on_a_full_node_get_their_weights_share_until_one_ends(kernel):
    node = NodeCpu(1000)
    big, small = CpuAccount(kernel, node, request=750), CpuAccount(kernel, node, request=250)
    big.burn(1000)
    small.burn(1000)
    assert (rate(kernel, big), rate(kernel, small)) == (750, 250)
    big.close()
    assert rate(kernel, small) == 1000


def test_a_busy_process_is_throttled_at_the_limit(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=200)
    work(kernel, account)
    assert rate(kernel, account) == pytest.approx(200, abs=10)


def test_one_process_is_never_faster_than_one_core(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=3000)
    work(kernel, account)
    assert rate(kernel, account) == pytest.approx(1000, abs=10)


def test_three_processes_share_what_the_limit_allows(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=600)
    for _ in range(3):
        work(kernel, account)
    assert rate(kernel, account) == pytest.approx(600, abs=20)


def test_busy_processes_of_two_containers_share_a_node_by_weight(kernel):
    node = NodeCpu(1000)
    big, small = CpuAccount(kernel, node, request=600), CpuAccount(kernel, node, request=200)
    work(kernel, big)
    work(kernel, small)
    kernel.advance(60)
    assert rate(kernel, big) + rate(kernel, small) == pytest.approx(1000, rel=0.15)
    assert rate(kernel, big) > 2 * rate(kernel, small)


def test_requests_queue_when_they_ask_for_more_than_the_limit(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=100)
    times = [account.charge(0.02) for _ in range(5)]
    assert times == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9], abs=1e-5)
    kernel.advance(5)
    assert account.charge(0.005) == 0.005


def test_an_idle_server_uses_what_its_image_says(kernel):
    account = CpuAccount(kernel, NodeCpu())
    account.idle = 5
    assert rate(kernel, account) == 5
    account.close()
    assert rate(kernel, account) == 0


def test_a_process_that_never_pauses_is_stopped_in_every_period_of_its_limit(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=100)
    account.burn(1000)
    kernel.advance(10.05)
    account.burn(-1000)
    kernel.advance(10)
    assert account.stat().splitlines()[3:] == ["nr_periods 100", "nr_throttled 100", "throttled_usec 9000000"]


def test_a_shell_that_never_pauses_is_stopped_as_any_other_process(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=100)
    for _ in range(20):
        kernel.advance(account.charge(0.05))
    said = dict(line.split() for line in account.stat().splitlines())
    assert said["usage_usec"] == "1000000"
    assert said["nr_periods"] == said["nr_throttled"] == "100"
    assert said["throttled_usec"] == "9000000"


def test_a_shell_within_its_limit_is_never_stopped(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=2000)
    for _ in range(20):
        kernel.advance(account.charge(0.05))
    assert account.stat().splitlines()[3:] == ["nr_periods 10", "nr_throttled 0", "throttled_usec 0"]


def test_a_process_that_wants_less_than_its_limit_is_never_stopped(kernel):
    account = CpuAccount(kernel, NodeCpu(4000), limit=2000)
    account.burn(1000)
    kernel.advance(10)
    assert account.stat().splitlines()[3:] == ["nr_periods 100", "nr_throttled 0", "throttled_usec 0"]
