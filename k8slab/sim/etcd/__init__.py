"""etcd: the revisioned store behind the API server.

Upstream: etcd v3 (revisions, watch, compaction), on SQLite in the way of kine. `store` is what the API server uses;
`log` makes it durable. Simplified: one member (no Raft), keys are read by prefix only, no leases (the API server ages
Events itself).
"""

from k8slab.sim.etcd.log import Log, LogLocked
from k8slab.sim.etcd.store import Compacted, Entry, KeyExists, Revised, Store, StoreEvent, Unavailable

__all__ = ["Compacted", "Entry", "KeyExists", "Log", "LogLocked", "Revised", "Store", "StoreEvent", "Unavailable"]
