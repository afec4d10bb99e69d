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
