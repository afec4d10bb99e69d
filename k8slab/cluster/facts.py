"""What ``k8slab status`` says of a running embedded cluster, asked over its API."""

import base64
import json
import ssl
import tempfile
import urllib.request
from typing import Any

import yaml

from k8slab.cluster.embedded import Embedded
from k8slab.errors import K8slabError

__all__ = ["client", "facts"]


def facts(cluster: Embedded) -> dict[str, str]:
    """Return the lines of the status, by name.

    Raises
    ------
    K8slabError
        If the API does not answer.
    """
    get = client(cluster)
    try:
        nodes, pods = get("/api/v1/nodes")["items"], get("/api/v1/pods")["items"]
        clock = get("/apis/sim.k8slab.dev/v1alpha1/clocks/cluster")["status"]
        version = get("/version")["gitVersion"]
    except OSError as error:
        raise K8slabError(f'the cluster at {cluster.url} does not answer: {error}; see "{cluster.log}"') from error
    ready = sum(any(c["type"] == "Ready" and c["status"] == "True" for c in n["status"].get("conditions", ())) for n in nodes)
    running = sum(p["status"].get("phase") == "Running" for p in pods)
    pace = f"{clock['mode']}" + (f", {clock['rate']:g} times" if clock["mode"] == "accelerated" else "")
    door = _ingress(get)
    return {
        "cluster": f"{cluster.name} ({version})",
        "api": cluster.url,
        "nodes": f"{ready} of {len(nodes)} ready",
        "pods": f"{running} of {len(pods)} running",
        **({"ingress": door} if door else {}),
        "clock": f"{clock['now']} ({pace})",
        "kubeconfig": str(cluster.kubeconfig),
        "process": str(cluster.pid),
    }


def _ingress(get: Any) -> str:
    """Return where the host reaches the Ingress controller, "" if there is none."""
    try:
        meta = get("/api/v1/namespaces/ingress-nginx/services/ingress-nginx-controller")["metadata"]
    except OSError:
        return ""
    marks = meta.get("annotations") or {}
    return " ".join(marks[name] for name in ("k8slab.dev/http", "k8slab.dev/https") if name in marks)


def client(cluster: Embedded) -> Any:
    """Return a function that asks the API as the administrator: path, and for changes a body and a method."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    user, server = config["users"][0]["user"], config["clusters"][0]["cluster"]
    context = ssl.create_default_context(cadata=base64.b64decode(server["certificate-authority-data"]).decode())
    with tempfile.NamedTemporaryFile() as pair:
        pair.write(base64.b64decode(user["client-certificate-data"]) + base64.b64decode(user["client-key-data"]))
        pair.flush()
        context.load_cert_chain(pair.name)

    def call(path: str, body: Any = None, method: str = "GET") -> Any:
        media = "application/merge-patch+json" if method == "PATCH" else "application/json"
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(server["server"] + path, data, {"Content-Type": media}, method=method)
        with urllib.request.urlopen(asked, context=context, timeout=60) as answer:
            return json.load(answer)

    return call
