"""Field ownership: server-side apply, and who owns what after every other write.

Upstream: k8s.io/apimachinery/pkg/util/managedfields over sigs.k8s.io/structured-merge-diff. The registry calls `apply`
for apply patches and `track_update` for everything else; both return new values and leave their arguments alone.
"""

from k8slab.sim.apiserver.managedfields.apply import apply
from k8slab.sim.apiserver.managedfields.update import track_update

__all__ = ["apply", "track_update"]
