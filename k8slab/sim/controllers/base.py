"""What every controller is made of: a name, a client, a work queue and `reconcile`.

Upstream: the common shape of k8s.io/kubernetes/pkg/controller/*. A controller subscribes to changes in `setup`, turns
each into keys, and `reconcile(key)` looks at the world as it is now and moves it closer to what is wanted. An error
answer of the API puts the key back with exponential back-off.

Upstream's *expectations* (remember the creations whose watch events have not arrived yet) have no counterpart here:
informers of the embedded cluster are never behind the store, so what a controller wrote it also reads.
"""

from collections.abc import Callable
from typing import ClassVar

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.errors import StatusError
from k8slab.sim.client import Client, Handler, Informer
from k8slab.sim.kernel import Kernel
from k8slab.sim.workqueue import WorkQueue

__all__ = ["Controller", "asks_anew", "settle", "terminating_namespace"]


def settle(size: int) -> float:
    """Return how long to let changes of a group of ``size`` pods gather before counting them again.

    A count walks the whole group, so its share of the time stays the same however large the group is; a group that a
    person can overlook is counted at once.

    >>> settle(3), settle(100), settle(10_000)
    (0.0, 0.02, 0.5)
    """
    return 0.0 if size <= 20 else min(0.5, size * 0.0002)


def asks_anew(obj: Object, old: Object) -> bool:
    """Whether a change is more than news of the status: another spec, other labels, deletion."""
    new_meta, old_meta = obj["metadata"], old["metadata"]
    return any(
        new_meta.get(k) != old_meta.get(k) for k in ("generation", "deletionTimestamp", "labels", "ownerReferences", "uid")
    )


def terminating_namespace(error: StatusError) -> bool:
    """Whether the API refused to create something because its namespace is going away."""
    causes = (error.details or {}).get("causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


class Controller:
    """Base of all controllers.

    Parameters
    ----------
    client
        The API as the controller's own account sees it.
    kernel
        Event loop, clock and chance.
    informers
        Whose informers it reads; in the controller manager these are shared and belong to the manager's own account,
        which may read everything. Default: the client's.
    """

    name: ClassVar[str]  #: as in kube-controller-manager's ``--controllers``
    account: ClassVar[str]  #: the ServiceAccount in kube-system it acts as
    source: ClassVar[str] = ""  #: how it signs its events, where that is not the account's name

    def __init__(self, client: Client, kernel: Kernel, informers: Client | None = None) -> None:
        self.client, self.kernel, self._source = client, kernel, informers or client
        self.queue = WorkQueue(kernel, self._process)
        self.running = False
        self._endings: list[Callable[[], object]] = []
        self._informers: dict[str, Informer] = {}

    def setup(self) -> None:
        """Subscribe to what the controller reacts to; called by `start`."""
        raise NotImplementedError

    def reconcile(self, key: str) -> float | None:
        """Look at the object and move the world closer to it; return seconds after which to look again, if at all."""
        raise NotImplementedError

    def start(self) -> None:
        """List everything and follow changes from now on."""
        if not self.running:
            self.running = True
            self.setup()

    def stop(self) -> None:
        """End all subscriptions and forget queued work; `start` lists again."""
        self.running = False
        for end in self._endings:
            end()
        self._endings.clear()
        self.queue.clear()

    def informer(self, resource: str) -> Informer:
        """Return the informer of a resource."""
        if resource not in self._informers:
            self._informers[resource] = self._source.informer(resource)
        return self._informers[resource]

    def watch(self, resource: str, handler: Handler) -> None:
        """Subscribe a handler until `stop`."""
        self._endings.append(self.informer(resource).subscribe(handler))

    def every(self, seconds: float, action: Callable[[], object]) -> None:
        """Run an action regularly until `stop`, the first time after ``seconds``."""

        ended = False

        def tick() -> None:
            if not ended:
                self.kernel.call_later(seconds, tick)
                action()

        def end() -> None:
            nonlocal ended
            ended = True

        self.kernel.call_later(seconds, tick)
        self._endings.append(end)

    def event(self, regarding: Object, type: str, reason: str, message: str) -> None:
        """Record an Event from this controller."""
        self.client.event(
            regarding, "Warning" if type == "Warning" else "Normal", reason, message, component=self.source or self.account
        )

    def _process(self, key: str) -> None:
        try:
            again = self.reconcile(key)
        except StatusError:
            self.queue.add_rate_limited(key)
        except Exception:
            self.queue.add_rate_limited(key)
            raise  # a defect of ours: the kernel reports it
        else:
            self.queue.forget(key)
            if again is not None:
                self.queue.add_after(key, again)
