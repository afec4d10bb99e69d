"""Thin conveniences over the official Kubernetes client: connect, apply, wait, watch, tables, kubectl.

Works on any cluster that a kubeconfig names and knows nothing of the embedded one; where a cluster serves
``sim.k8slab.dev`` (a clock that can be moved), it is used through the API like any other group.
"""

import k8slab.client.official  # noqa: F401  # first: it imports the official client in its quick way
from k8slab.client.cluster import ALL, Cluster, connect
from k8slab.client.errors import ClusterAway, NotYet, readable_errors, sentence
from k8slab.client.kubectl import kubectl
from k8slab.client.manifests import Applied, apply
from k8slab.client.mirror import Change, Mirror
from k8slab.client.tables import Table, get_table
from k8slab.client.waiting import wait_for

__all__ = [
    "ALL",
    "Applied",
    "Change",
    "Cluster",
    "ClusterAway",
    "Mirror",
    "NotYet",
    "Table",
    "apply",
    "connect",
    "get_table",
    "kubectl",
    "readable_errors",
    "sentence",
    "wait_for",
]
