"""Where a cluster comes from.

`use` answers with a kubeconfig, and everything else in k8slab works on any kubeconfig. Today: the embedded cluster and any
context; kind joins them here.
"""

from k8slab.cluster.choice import use
from k8slab.cluster.embedded import Embedded, down, find, up

__all__ = ["Embedded", "down", "find", "up", "use"]
