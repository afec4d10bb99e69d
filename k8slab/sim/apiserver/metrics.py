"""The few metrics of a kube-apiserver that mean something here, in Prometheus' text form.

Upstream: k8s.io/apiserver/pkg/server/routes/metrics.go. Simplified: there are hundreds upstream, about machinery that this
server does not have; here are the version and how many objects there are.
"""

from k8slab.apimachinery.version import GIT_VERSION
from k8slab.sim.apiserver.scheme import Scheme
from k8slab.sim.etcd import Store

__all__ = ["CONTENT_TYPE", "metrics"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUILD = "kubernetes_build_info"
_OBJECTS = "apiserver_resource_objects"


def metrics(scheme: Scheme, store: Store) -> str:
    """Return the metrics as they are now.

    >>> print(metrics(Scheme(()), Store()).splitlines()[0])
    # HELP apiserver_resource_objects [STABLE] Number of stored objects at the time of last check split by kind.
    """
    counts = {(r.group, r.plural): store.count(r.storage_prefix) for r in scheme if r.stored and r.stored_as == r.api_version}
    lines = [f"# HELP {_OBJECTS} [STABLE] Number of stored objects at the time of last check split by kind."]
    lines.append(f"# TYPE {_OBJECTS} gauge")
    lines += [f'{_OBJECTS}{{group="{group}",resource="{plural}"}} {n}' for (group, plural), n in sorted(counts.items())]
    lines.append(f"# HELP {_BUILD} [ALPHA] A metric with a constant '1' value labeled by the version that is served.")
    lines += [f"# TYPE {_BUILD} gauge", f'{_BUILD}{{git_version="{GIT_VERSION}",major="1",minor="37"}} 1']
    return "\n".join([*lines, ""])
