"""Where a cluster comes from.

`use` answers with a kubeconfig, and everything else in k8slab works on any kubeconfig. There are three places, behind one
interface (`Source`): the embedded cluster, kind, and any context of the user's kubeconfig. `source` names one of them,
`k8slab.cluster.capabilities` finds out what a running one can do.
"""

from k8slab.cluster.choice import source, use
from k8slab.cluster.embedded import Embedded, down, find, up
from k8slab.cluster.source import Source

__all__ = ["Embedded", "Source", "down", "find", "source", "up", "use"]
