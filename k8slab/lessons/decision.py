"""What the scheduler thought about each node, as a table.

The embedded cluster serves the trace of each scheduling cycle (``schedulingtraces.sim.k8slab.dev``). No other cluster does;
there, the pod's event says what came out of it.
"""

from kubernetes.client.exceptions import ApiException

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, Table

__all__ = ["decision", "verdict"]

_COLUMNS = ("NODE", "FILTERED OUT BY", "SCORE", "CHOSEN")


def decision(cluster: Cluster, pod: str) -> Table:
    """Return a row for each node: who filtered it out, or its score; and which one was chosen."""
    path = f"/apis/sim.k8slab.dev/v1alpha1/namespaces/{cluster.namespace}/schedulingtraces/{pod}"
    try:
        trace = cluster.request("GET", path)
    except ApiException as error:
        if error.status not in (403, 404):
            raise
        return _from_events(cluster, pod)
    status = trace["status"]
    rows = sorted((*verdict(node), "yes" if node["name"] == status.get("node") else "") for node in status.get("nodes") or ())
    return Table(_COLUMNS, tuple(rows), f"Scheduling of {pod}")


def verdict(node: Object) -> tuple[str, str, str]:
    """Return (name, plugin and reason that filtered the node out, total score).

    >>> verdict({"name": "n1", "feasible": True, "total": 397})
    ('n1', '', '397')
    """
    failed = next((f for f in node.get("filters") or () if f.get("reasons")), None)
    reason = f"{failed['plugin']}: {failed['reasons'][0]} {failed.get('detail', '')}".rstrip() if failed else ""
    return node["name"], reason, "" if node.get("total") is None else str(node["total"])


def _from_events(cluster: Cluster, pod: str) -> Table:
    events = cluster.list("events", field_selector=f"involvedObject.name={pod}")
    rows = tuple(
        (e.get("reason", ""), e.get("message", "")) for e in events if e.get("reason") in ("Scheduled", "FailedScheduling")
    )
    return Table(("REASON", "MESSAGE"), rows, "This cluster keeps no trace of its scheduler; its events say what came out of it.")
