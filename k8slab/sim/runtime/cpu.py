"""CPU time: who gets how much of a node, and how long work takes.

Real component: the Linux scheduler with cgroup v2 (``cpu.weight`` from the request, ``cpu.max`` from the limit, in periods of
100 ms). Simplified: all containers of a node compete in one group (upstream: one per QoS class and pod), and a container that
works in bursts takes part with what it used over the last seconds.

Upstream: pkg/kubelet/cm/helpers_linux.go (MilliCPUToShares, MilliCPUToQuota).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapreplace
from typing import NamedTuple

from k8slab.sim.kernel import Kernel

__all__ = ["Claim", "CpuAccount", "NodeCpu", "Throttled", "shares", "weight_of"]

_PERIOD = 0.1  #: of the quota: what may be used at once
_WINDOW = 15.0  #: seconds over which bursts are averaged
_STALE = 1.0  #: seconds after which the node looks again at who is busy
_BUSY = 0.02  #: of a core; who uses less does not compete


class Claim(NamedTuple):
    """What one container would use, in millicores (its limit already applied), and its weight."""

    demand: float
    weight: int


@dataclass(slots=True)
class Throttled:
    """How often a limit has stopped a container (cpu.stat: nr_periods, nr_throttled, throttled_usec)."""

    periods: int = 0
    count: int = 0
    seconds: float = 0.0
    _rest: float = 0.0  #: of a period that has begun

    def go_on(self, seconds: float, part: float) -> None:
        """Count the periods of a process without a pause that has run for this part (0 to 1) of each."""
        self._rest += seconds
        whole = int(self._rest / _PERIOD + 1e-9)
        self._rest -= whole * _PERIOD
        self.periods += whole
        if part < 1:
            self.count += whole
            self.seconds += whole * _PERIOD * (1 - part)


def weight_of(request: int) -> int:
    """Return the CPU shares of a request in millicores; no request has the least.

    >>> weight_of(500), weight_of(0)
    (512, 2)
    """
    return max(2, request * 1024 // 1000)


def shares(capacity: float, claims: Sequence[Claim]) -> list[float]:
    """Divide a node's millicores: everybody by weight, nobody more than they want, nothing left while somebody wants it.

    >>> shares(1000, [Claim(1000, 512), Claim(1000, 256), Claim(100, 512)])
    [600.0, 300.0, 100.0]
    """
    given = [0.0] * len(claims)
    left, hungry = float(capacity), list(range(len(claims)))
    while hungry:
        total = sum(claims[i].weight for i in hungry)
        content = [i for i in hungry if claims[i].demand <= left * claims[i].weight / total]
        if not content:
            for i in hungry:
                given[i] = left * claims[i].weight / total
            return given
        for i in content:
            given[i] = float(claims[i].demand)
        left -= sum(given[i] for i in content)
        hungry = [i for i in hungry if i not in content]
    return given


class NodeCpu:
    """The processors of a node, and the containers that compete for them."""

    __slots__ = ("_looked", "busy", "capacity", "used")

    def __init__(self, capacity: int = 4000) -> None:
        self.capacity = capacity
        self.used = 0.0  #: CPU seconds of all its containers, as far as they have been counted
        self.busy: dict[CpuAccount, None] = {}
        self._looked = -math.inf

    def divide(self, now: float, at_once: bool = False) -> None:
        """Give each busy container its share, if it is some time since the last look."""
        if not at_once and now - self._looked < _STALE:
            return
        self._looked = now
        for account in [a for a in self.busy if not a.burning and a.load(now) < _BUSY]:
            del self.busy[account]
        claims = [Claim(a.demand(now), a.weight) for a in self.busy]
        for account, given in zip(self.busy, shares(self.capacity, claims), strict=True):
            account.give(given, now)

    def offer(self, account: "CpuAccount", now: float) -> float:
        """Return the millicores that a container could have if it wanted all it may."""
        wanted = float(account.limit or self.capacity)
        if len(self.busy) <= (account in self.busy):
            return min(wanted, self.capacity)
        others = [Claim(a.demand(now), a.weight) for a in self.busy if a is not account]
        return shares(self.capacity, [Claim(wanted, account.weight), *others])[0]


class CpuAccount:
    """The CPU time of one container.

    Parameters
    ----------
    kernel
        The clock.
    node
        Where it competes.
    limit, request
        In millicores; 0: none.
    """

    __slots__ = ("_free_at", "_kernel", "_load", "_load_time", "_node", "_offer", "_offer_time", "_quota", "_settled", "_share",
                 "_used", "_workers", "burning", "idle", "limit", "throttled", "weight")  # fmt: skip

    def __init__(self, kernel: Kernel, node: NodeCpu, limit: int = 0, request: int = 0) -> None:
        self._kernel, self._node = kernel, node
        self.limit, self.weight = limit, weight_of(request)
        self.burning = self.idle = 0  #: millicores that processes would use all the time; that the server needs when idle
        self._share = 0.0
        self._used, self._settled = 0.0, kernel.now()
        self._load, self._load_time = 0.0, 0.0
        self._free_at = self._offer = 0.0
        self._offer_time = -math.inf
        self._workers: list[float] = []  #: when each worker of the server is free, a heap
        self._quota = (-1, 0.0)  #: number of the last period that a request ran in, CPU seconds used in it
        self.throttled = Throttled()

    def resize(self, limit: int, request: int) -> None:
        """Change limit and weight; the node's processors are divided anew."""
        self.limit, self.weight = limit, weight_of(request)
        self._offer_time = -math.inf
        self._node.divide(self._kernel.now(), at_once=True)

    def serve(self, seconds: float, workers: int = 1) -> float:
        """Let the first free worker of a server do so much work; return when it will be done.

        Requests wait in line. A worker has one core at most, less if the neighbours take theirs; a limit lets it run until the
        period's quota is used up, and then not before the next period.
        """
        now = self._kernel.now()
        self._note(seconds, now)
        if len(self._workers) != workers:
            self._workers = [0.0] * workers
        cores = self._rate()
        if self.limit and cores * 1000 >= self.limit * 0.999:
            cores = float(workers)  # no neighbour is in the way, only the quota
        start = max(now, self._workers[0])
        finish = self._run(start, seconds, min(1.0, cores / workers if cores < workers else 1.0))
        heapreplace(self._workers, finish)
        return finish

    def _run(self, start: float, seconds: float, speed: float) -> float:
        """Return when work that begins at a time is done, period by period of the limit."""
        if not self.limit:
            return start + seconds / speed
        quota = self.limit / 1000 * _PERIOD
        time, left = start, seconds
        while True:
            period = max(math.floor(time / _PERIOD + 1e-9), self._quota[0])
            if period != self._quota[0]:
                self._quota = (period, 0.0)
                self.throttled.periods += 1
            time, end = max(time, period * _PERIOD), (period + 1) * _PERIOD
            done = min(left, max(quota - self._quota[1], 0.0), (end - time) * speed)
            self._quota = (period, self._quota[1] + done)
            time, left = time + done / speed, left - done
            if left <= 1e-9:
                return time
            if self._quota[1] >= quota - 1e-12:
                self.throttled.count += 1
                self.throttled.seconds += end - time
            self._quota, time = (period + 1, 0.0), end
            self.throttled.periods += 1

    def stat(self) -> str:
        """Return the file cpu.stat of the cgroup."""
        used, stop = int(self.used() * 1e6), self.throttled
        times = f"usage_usec {used}\nuser_usec {used * 9 // 10}\nsystem_usec {used - used * 9 // 10}\n"
        return f"{times}nr_periods {stop.periods}\nnr_throttled {stop.count}\nthrottled_usec {int(stop.seconds * 1e6)}\n"

    def burn(self, change: int) -> None:
        """Begin (or, less than 0, end) to use millicores without a pause."""
        self.used()
        self.burning += change
        self._node.busy[self] = None
        self._node.divide(self._kernel.now(), at_once=True)

    def charge(self, seconds: float) -> float:
        """Note CPU time that a process or request needs; return when it has had it, in seconds from now."""
        now = self._kernel.now()
        self._note(seconds, now)
        rate = self._rate()
        if self.limit:
            self.throttled.go_on(seconds / min(rate, 1.0), rate if rate * 1000 >= self.limit * 0.999 else 1.0)
        self._free_at = max(self._free_at, now - _PERIOD) + seconds / rate
        return max(seconds, self._free_at - now)

    def _note(self, seconds: float, now: float) -> None:
        """Count CPU time, and look again at what the neighbours leave."""
        self._load, self._load_time = self.load(now) + seconds / _WINDOW, now
        self._count(seconds)
        if self not in self._node.busy and self._load > _BUSY:
            self._node.busy[self] = None
        if now - self._offer_time >= _STALE:
            self._offer, self._offer_time = self._node.offer(self, now), now

    def _rate(self) -> float:
        """Return the cores that there are for charges and requests."""
        return max(self._offer - self._share, self._offer * 1000 / (self.burning + 1000)) / 1000

    def load(self, now: float) -> float:
        """Return the cores that charges have used lately."""
        return self._load * math.exp((self._load_time - now) / _WINDOW)

    def demand(self, now: float) -> float:
        """Return the millicores it would use if it were alone."""
        wanted = self.burning + self.load(now) * 1000
        return min(wanted, self.limit) if self.limit else wanted

    def give(self, millicores: float, now: float) -> None:
        """Take a new share for what burns; charges are counted when they come."""
        self._settle(now)
        self._share = max(0.0, millicores - self.load(now) * 1000) if self.burning else 0.0

    def used(self) -> float:
        """Return the CPU seconds used since the start (upstream: usageCoreNanoSeconds)."""
        now = self._kernel.now()
        if self in self._node.busy:
            self._node.divide(now)
        self._settle(now)
        return self._used

    def _settle(self, now: float) -> None:
        self._count((self._share + self.idle) / 1000 * (now - self._settled))
        if self.burning and self.limit:
            at_limit = self._share >= self.limit * 0.999
            self.throttled.go_on(now - self._settled, min(1.0, self.limit / self.burning) if at_limit else 1.0)
        self._settled = now

    def _count(self, seconds: float) -> None:
        self._used += seconds
        self._node.used += seconds

    def now(self) -> int:
        """Return the millicores in use at present."""
        now = self._kernel.now()
        if self in self._node.busy:
            self._node.divide(now)
        cpu = int(self.load(now) * 1000 + self._share) + self.idle
        return min(cpu, self.limit) if self.limit else cpu

    def close(self) -> None:
        """Use nothing from now on."""
        self.used()
        self.burning, self.idle, self._share, self._load = 0, 0, 0.0, 0.0
        if self in self._node.busy:
            del self._node.busy[self]
            self._node.divide(self._kernel.now(), at_once=True)
