"""Networking by kubectl alone: Services of every type, names, policies, UDP, routes, and what the glass box tells of it."""

import json
import urllib.request
from collections.abc import Callable

import pytest

from tests.processes import Kubectl, eventually, free_ports

SERVERS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: net}
spec:
  replicas: 3
  selector: {matchLabels: {app: net}}
  template:
    metadata: {labels: {app: net}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: c
        image: registry.k8s.io/e2e-test-images/agnhost:2.53
        args: [netexec]
        ports: [{containerPort: 8080, name: web}, {containerPort: 8081, name: udp, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: net}
spec:
  type: LoadBalancer
  selector: {app: net}
  ports: [{name: web, port: 80, targetPort: web}, {name: udp, port: 81, targetPort: udp, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: peers}
spec: {clusterIP: None, selector: {app: net}, ports: [{port: 80, targetPort: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: near}
spec: {trafficDistribution: PreferSameZone, selector: {app: net}, ports: [{port: 80, targetPort: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: same}
spec: {sessionAffinity: ClientIP, selector: {app: net}, ports: [{port: 80, targetPort: web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: box, labels: {app: box}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: "busybox:1.37", command: [sleep, "100000"]}]
"""

ALLOW = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: net}
spec:
  podSelector: {matchLabels: {app: net}}
  ingress: [{from: [{podSelector: {matchLabels: {role: client}}}], ports: [{port: web}]}]
"""

Shell = Callable[[str], str]


@pytest.fixture
def box(kubectl: Kubectl) -> Shell:
    """Run scripts in a pod beside three servers."""
    kubectl("apply", "-f", "-", stdin=SERVERS)
    kubectl("wait", "pod/box", "--for=condition=Ready", "--timeout=60s")
    kubectl("rollout", "status", "deployment/net", "--timeout=60s")
    return lambda script: kubectl.try_("exec", "box", "--", "sh", "-c", script).out


def trace(kubectl: Kubectl, **spec: object) -> dict[str, object]:
    kind = {"apiVersion": "sim.k8slab.dev/v1alpha1", "kind": "PacketTrace", "metadata": {"name": "t"}}
    body = json.dumps({**kind, "spec": {"source": {"pod": "box"}, **spec}})
    status: dict[str, object] = json.loads(kubectl("create", "-f", "-", "-o", "json", stdin=body).out)["status"]
    return status


def field(kubectl: Kubectl, what: str, path: str) -> str:
    return kubectl("get", *what.split(), "-o", f"jsonpath={path}").out


def test_a_service_is_reached_in_every_way(kubectl: Kubectl, box: Shell) -> None:
    pods = set(field(kubectl, "pods -l app=net", "{.items[*].metadata.name}").split())
    balancer = eventually(lambda: field(kubectl, "service net", "{.status.loadBalancer.ingress[0].ip}"))
    (port,) = free_ports(1, range(30_000, 32_768))  # another cluster of this machine may have the one that was given
    kubectl("patch", "service", "net", "-p", json.dumps({"spec": {"ports": [{"port": 80, "nodePort": port}]}}))
    nodes = field(kubectl, "nodes", "{.items[*].status.addresses[0].address}").split()
    for url in ["net", "net:80", f"net.{kubectl.namespace}.svc.cluster.local", balancer, *(f"{ip}:{port}" for ip in nodes)]:
        assert box(f"wget -T 5 -qO- http://{url}/hostname") in pods, url
    assert box("echo hostname | nc -u -w 2 net 81") in pods
    with eventually(lambda: _open(f"http://127.0.0.1:{port}/hostname")) as answer:
        assert answer.read().decode() in pods


def _open(url: str) -> object:
    try:
        return urllib.request.urlopen(url, timeout=30)
    except OSError:
        return None


def test_headless_names_affinity_and_hints(kubectl: Kubectl, box: Shell) -> None:
    ips = set(field(kubectl, "pods -l app=net", "{.items[*].status.podIP}").split())
    found = [line.split()[1] for line in box("nslookup peers").splitlines() if line.startswith("Address: ")]
    assert set(found) == ips
    assert len(set(box("for i in 1 2 3 4 5 6; do wget -qO- http://same/hostname; echo; done").split())) == 1
    service = next(s for s in trace(kubectl, host="near")["steps"] if s["layer"] == "service")  # type: ignore[attr-defined]
    zone = field(
        kubectl, "node " + field(kubectl, "pod box", "{.spec.nodeName}"), r"{.metadata.labels.topology\.kubernetes\.io/zone}"
    )
    assert service["narrowedBy"] == f"hints for zone {zone}"
    assert service["leftOut"]


def test_policies_drop_and_the_trace_names_who_decided(kubectl: Kubectl, box: Shell) -> None:
    kubectl("apply", "-f", "-", stdin=ALLOW)
    assert "download timed out" in kubectl.try_("exec", "box", "--", "wget", "-T", "1", "-qO-", "http://net/hostname").err
    status = trace(kubectl, host="net")
    assert (status["verdict"], status["policy"], status["seconds"]) == ("dropped", f"{kubectl.namespace}/net", 127)
    assert trace(kubectl, host="net", port=81, protocol="UDP")["verdict"] == "dropped"
    kubectl("label", "pod", "box", "role=client")
    assert box("wget -T 5 -qO- http://net/hostname").startswith("net-")
    steps = trace(kubectl, host="net")["steps"]
    policy = next(s for s in steps if s.get("direction") == "Ingress")  # type: ignore[attr-defined]
    assert (policy["direction"], policy["allowed"], policy["rule"]) == ("Ingress", True, 0)
    verdicts = field(kubectl, "flows", '{range .items[?(@.spec.source.name=="box")]}{.status.verdict},{end}').split(",")
    assert {"dropped", "answered 200"} <= set(verdicts)


def test_a_service_without_pods_refuses_and_local_traffic_is_dropped_elsewhere(kubectl: Kubectl, box: Shell) -> None:
    kubectl("scale", "deployment/net", "--replicas=1")
    eventually(lambda: len(field(kubectl, "pods -l app=net", "{.items[*].metadata.name}").split()) == 1)
    kubectl("patch", "service", "net", "-p", '{"spec":{"externalTrafficPolicy":"Local"}}')
    port = field(kubectl, "service net", "{.spec.ports[0].nodePort}")
    home = field(kubectl, "pods -l app=net", "{.items[0].status.hostIP}")
    here = field(kubectl, "pod box", "{.status.hostIP}")
    nodes = set(field(kubectl, "nodes", "{.items[*].status.addresses[0].address}").split())
    away = sorted(nodes - {home, here})[0]
    assert trace(kubectl, host=away, port=int(port))["verdict"] == "timeout"
    assert trace(kubectl, host=home, port=int(port))["verdict"] == "connected"
    kubectl("scale", "deployment/net", "--replicas=0")
    eventually(lambda: trace(kubectl, host="net")["verdict"] == "refused")
    assert "Connection refused" in kubectl.try_("exec", "box", "--", "wget", "-T", "5", "-qO-", "http://net").err


def test_the_nodes_routes_lead_to_the_pods(kubectl: Kubectl, box: Shell) -> None:
    node = field(kubectl, "pod box", "{.spec.nodeName}")
    agents = "-n kube-system pods -l k8s-app=kindnet --field-selector spec.nodeName=" + node
    agent = field(kubectl, agents, "{.items[0].metadata.name}")
    routes = kubectl("-n", "kube-system", "exec", agent, "--", "ip", "route").out
    for line in field(
        kubectl, "nodes", '{range .items[*]}{.spec.podCIDR} {.status.addresses[0].address} {.metadata.name}{"\\n"}{end}'
    ).splitlines():
        cidr, address, name = line.split()
        assert (f"{cidr} via {address} dev eth0" in routes) == (name != node)
    target = field(kubectl, "pods -l app=net", "{.items[0].status.podIP}")
    assert "0% packet loss" in box(f"ping -c 1 -W 2 {target}")
    assert kubectl("explain", "packettraces.spec.source").out.count("<string>") == 2
