"""Small nodes and pods for the scheduler's tests."""


def node(name, cpu="4", memory="8Gi", pods="110", labels=None, taints=None, **spec):
    amounts = {"cpu": cpu, "memory": memory, "pods": pods}
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": {**({"taints": taints} if taints else {}), **spec},
        "status": {"capacity": amounts, "allocatable": amounts},
    }


def pod(name, cpu=None, memory=None, namespace="chat", labels=None, **spec):
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v}
    containers = [{"name": "c", "image": "nginx", "resources": {"requests": requests} if requests else {}}]
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, **({"labels": labels} if labels else {})},
        "spec": {"schedulerName": "default-scheduler", "containers": containers, **spec},
    }


CONTROL_PLANE = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def on(node_name, name, cpu=None, memory=None, **spec):
    """A pod that runs on a node already."""
    labels = spec.pop("labels", None)
    return pod(name, cpu, memory, labels=labels, nodeName=node_name, **spec)


def zones(**zone_of):
    """Nodes with a zone label: zones(a1="a", b1="b")."""
    return [node(name, labels={"topology.kubernetes.io/zone": zone}) for name, zone in zone_of.items()]


def reasons(trace):
    """What each node was refused for; nodes that fit are left out."""
    found = {}
    for entry in trace["status"]["nodes"]:
        refusals = [r for row in entry.get("filters", ()) for r in row.get("reasons", ())]
        if refusals or entry.get("reasons"):
            found[entry["name"]] = ", ".join(refusals or entry["reasons"])
    return found


def scores(trace, plugin, part="normalized"):
    """The scores one plugin gave, by node."""
    return {
        entry["name"]: row[part]
        for entry in trace["status"]["nodes"]
        for row in entry.get("scores", ())
        if row["plugin"] == plugin
    }


def message(trace):
    """The FailedScheduling message."""
    return trace["status"]["message"]
