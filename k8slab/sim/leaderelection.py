"""Leader election: of several instances of a component the one that holds the Lease works, the others wait for it to end.

Upstream: k8s.io/client-go/tools/leaderelection with the defaults of kube-scheduler and kube-controller-manager: a lease lasts
15 s, its holder gives up when it could not renew it for 10 s, the others look every 2 s. As there, an instance trusts no other's
clock: a lease has ended when it has not *changed* for 15 s of the observer's time, so an instance that has just started waits
that long.

Simplified: the holder renews every 5 s instead of 2 s, so that long jumps of the clock stay cheap; no jitter; an instance that
gave up or was killed comes back under another name, as a new process does, but all of them keep their names when the whole
server starts anew, so that whoever led leads again at once.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

from k8slab.apimachinery.timestamps import rfc3339_micro
from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client
from k8slab.sim.exposition import Family, Labels
from k8slab.sim.kernel import Kernel, Timer

__all__ = ["LEASE_DURATION", "RENEW_DEADLINE", "RENEW_PERIOD", "RETRY_PERIOD", "Elector", "Replicas"]

LEASE_DURATION, RENEW_DEADLINE, RENEW_PERIOD, RETRY_PERIOD = 15.0, 10.0, 5.0, 2.0
_STATUS = (
    "[ALPHA] Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master. 'name' is "
    "the string used to identify the lease. Please make sure to group by name."
)
_LEASES, _NAMESPACE = "leases.coordination.k8s.io", "kube-system"


class Component(Protocol):
    """What runs while its instance leads."""

    def start(self) -> object: ...
    def stop(self) -> object: ...


class Elector:
    """One instance of a component.

    Parameters
    ----------
    client, kernel
        The API as the component's user, and the clock.
    name
        Of the component, and of its Lease.
    host
        The machine it runs on.
    component
        What to start and stop; all instances share it, only one runs it at a time.
    """

    def __init__(self, client: Client, kernel: Kernel, name: str, host: str, component: Component) -> None:
        self._client, self._kernel, self.name, self._component = client, kernel, name, component
        self.host, self.leads, self._works = host, False, False
        self._life = 0
        self._observed: tuple[object, ...] | None = None
        self._observed_at = self._renewed_at = 0.0
        self._timer: Timer | None = None
        self._held: set[str] = set()  #: why it does not run, or does not reach the API server

    @property
    def identity(self) -> str:
        """What it writes into the Lease: host name and an id of this life of the process."""
        digest = hashlib.sha256(f"{self.name}/{self.host}/{self._life}".encode()).hexdigest()
        return f"{self.host}_{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"

    def start(self) -> None:
        """Run: try to lead now and every two seconds."""
        if self._timer is None and "down" not in self._held:
            self._observed = None
            self._try()

    def stop(self) -> None:
        """End without a word; the lease is left to its time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._step_down()

    def kill(self, killed: bool) -> None:
        """End the process, or start another one."""
        if killed:
            self._held.add("down")
            self.stop()
            self._life += 1
        else:
            self._held.discard("down")
            self.start()

    def cut(self, cut: bool) -> None:
        """Take the API server away, or give it back; whoever cannot renew for ten seconds gives up leading."""
        if cut:
            self._held.add("cut")
            self._work(False)  # without an API server there is nothing that the component could do
        else:
            self._held.discard("cut")
            if self._timer is not None:
                self._timer.cancel()
                self._try()

    def _work(self, works: bool) -> None:
        """Let the component run, or not."""
        if works != self._works:
            self._works = works
            (self._component.start if works else self._component.stop)()

    def _step_down(self) -> None:
        self.leads = False
        self._work(False)

    def _try(self) -> None:
        now, led = self._kernel.now(), self.leads
        holds = self._attempt(now)
        self._timer = self._kernel.call_later(RENEW_PERIOD if holds else RETRY_PERIOD, self._try)
        if holds:
            self._renewed_at, self.leads = now, True
            if not led:
                self._event("became leader")
            self._work(True)
        elif led and (holds is False or now - self._renewed_at >= RENEW_DEADLINE):
            self._give_up()

    def _attempt(self, now: float) -> bool | None:
        """Return whether the lease is ours; None if the API server does not say."""
        try:
            if "cut" in self._held:
                raise StatusError(503, "ServiceUnavailable", "the API server cannot be reached")
            return self._acquire_or_renew(now)
        except StatusError:
            return None

    def _give_up(self) -> None:
        """The process ends, since somebody else may lead by now; its successor has another name."""
        self._event("stopped leading")
        self._step_down()
        self._life += 1
        self._observed = None

    def _acquire_or_renew(self, now: float) -> bool:
        """Return whether the lease is ours now."""
        lease = self._client.informer(_LEASES).get(self.name, _NAMESPACE)
        if lease is None:
            self._client.create(_LEASES, self._lease(now, 0))
            return True
        spec = lease["spec"]
        record = tuple(spec.get(k) for k in ("holderIdentity", "renewTime", "acquireTime", "leaseTransitions"))
        if record != self._observed:
            self._observed, self._observed_at = record, now
        holder, mine = spec.get("holderIdentity"), spec.get("holderIdentity") == self.identity
        duration = float(spec.get("leaseDurationSeconds") or LEASE_DURATION)
        if holder and not mine and self._observed_at + duration > now:
            return False
        renewed: Object = {"renewTime": rfc3339_micro(now)}
        if not mine:
            renewed = self._lease(now, int(spec.get("leaseTransitions") or 0) + 1)["spec"]
        self._client.update(_LEASES, {**lease, "spec": {**spec, **renewed}})
        return True

    def _lease(self, now: float, transitions: int) -> Object:
        spec = {"holderIdentity": self.identity, "leaseDurationSeconds": int(LEASE_DURATION)}
        spec |= {"acquireTime": rfc3339_micro(now), "renewTime": rfc3339_micro(now), "leaseTransitions": transitions}
        meta = {"name": self.name, "namespace": _NAMESPACE}
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}

    def _event(self, what: str) -> None:
        lease = self._client.informer(_LEASES).get(self.name, _NAMESPACE)
        if lease is not None and "cut" not in self._held:
            self._client.event(lease, "Normal", "LeaderElection", f"{self.identity} {what}")


class Replicas:
    """All instances of a component.

    Parameters
    ----------
    instances
        One for each control plane node, in their order.
    """

    def __init__(self, instances: Sequence[Elector]) -> None:
        self.instances = {elector.host: elector for elector in instances}

    @classmethod
    def on(cls, hosts: Sequence[str], client: Client, kernel: Kernel, name: str, component: Component) -> "Replicas":
        """Return one instance for each host."""
        return cls([Elector(client, kernel, name, host, component) for host in hosts])

    def start(self) -> None:
        """Start all; the first one finds no leader, or the one that led before leads on."""
        for elector in self.instances.values():
            elector.start()

    def stop(self) -> None:
        """Stop all."""
        for elector in self.instances.values():
            elector.stop()

    def leader(self) -> str:
        """Return the host whose instance leads; the first host if none does."""
        return next((host for host, e in self.instances.items() if e.leads), next(iter(self.instances)))

    def switch(self, host: str) -> Callable[[bool], None]:
        """Return what kills the instance of a host (True), and starts another one in its place (False)."""
        return self.instances[host].kill

    def metrics(self) -> list[Family]:
        """Return which instances lead."""
        values: dict[Labels, float] = {
            (("host", host), ("name", elector.name)): float(elector.leads) for host, elector in self.instances.items()
        }
        return [Family("leader_election_master_status", "gauge", _STATUS, values)]

    def cut(self, cut: bool) -> None:
        """Take the API server away from all instances, or give it back."""
        for elector in self.instances.values():
            elector.cut(cut)
