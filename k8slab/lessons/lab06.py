"""Lab 06, Networking I: what its notebook asks, checks and breaks. Syllabus: D1, D2, D3, D4, D5 (the Gateway API only in words)."""

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from k8slab.apimachinery.types import Object, labels
from k8slab.client import Cluster
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, holds, missing
from k8slab.lessons.judging import condition, exists, say

__all__ = ["CONTENT"]

_SERVICE_NAME = "kubernetes.io/service-name"
_HOST = "chatter-06.localhost"
_NODE_PORT = 30606


class _Served(NamedTuple):
    """One endpoint that gets connections: its address and port, the name it has in DNS, and the pod behind it if there is one."""

    ip: str
    port: int
    hostname: str
    pod: Object | None

    @property
    def image(self) -> str:
        return str(self.pod["spec"]["containers"][0]["image"]) if self.pod else ""


def _port(service: Object, number: int) -> Object | None:
    return next((p for p in service["spec"].get("ports") or () if p["port"] == number), None)


def _has_port(service: Object, number: int) -> Finding:
    name = service["metadata"]["name"]
    ports = ", ".join(str(p["port"]) for p in service["spec"].get("ports") or ()) or "none"
    return say(
        _port(service, number) is not None,
        f"{name} listens on port {number}",
        f"{name} has no port {number}; its ports: {ports}",
        f"kubectl get service {name}",
    )


def _served(cluster: Cluster, service: Object, number: int) -> list[_Served]:
    """Return who gets the connections to a port of a Service: the ready endpoints of its slices whose port has the same name."""
    wanted = (_port(service, number) or {}).get("name") or ""
    pods = {p["metadata"]["name"]: p for p in cluster.list("pods")}
    slices = cluster.list("endpointslices", label_selector=f"{_SERVICE_NAME}={service['metadata']['name']}")
    return [
        _Served(ip, port["port"], e.get("hostname") or "", pods.get((e.get("targetRef") or {}).get("name", "")))
        for piece in slices
        for port in piece.get("ports") or ()
        if (port.get("name") or "") == wanted and port.get("port")
        for e in piece.get("endpoints") or ()
        if (e.get("conditions") or {}).get("ready") is not False
        for ip in e["addresses"]
    ]


def _starting(cluster: Cluster) -> bool:
    """Whether a workload still makes its pods, or a pod is not ready yet or is going, so that endpoints may still come."""
    late = any(
        (w.get("status") or {}).get("readyReplicas", 0) < w["spec"].get("replicas", 1)
        for kind in ("deployments", "statefulsets")
        for w in cluster.list(kind)
    )
    pods = cluster.list("pods")
    return late or any(condition(p, "Ready") != "True" or "deletionTimestamp" in p["metadata"] for p in pods)


def _leads_to(cluster: Cluster, service: Object, number: int, least: int) -> Finding:
    """Return whether connections to a port of a Service reach enough pods of web where they listen."""
    name, found = service["metadata"]["name"], _served(cluster, service, number)
    look = f"kubectl get endpointslices -l {_SERVICE_NAME}={name}"
    others = [e for e in found if e.pod is None or "chatter/web" not in e.image]
    if others:
        return missing(f"{name} also leads to {others[0].ip}, which is no pod of chatter/web", look)
    deaf = next((e for e in found if e.port != 8080), None)
    if deaf:
        return missing(f"{name} leads to port {deaf.port} of its pods, but they listen on 8080", look)
    if len(found) >= least:
        return holds(f"{name} leads to {len(found)} ready pods of chatter/web, to port 8080")
    return missing(f"{name} leads to {len(found)} ready pods of chatter/web, not to {least}", look, soon=_starting(cluster))


def _plain(service: Object) -> Finding:
    """Return whether a Service has an address of its own, inside the cluster only."""
    name, spec = service["metadata"]["name"], service["spec"]
    look = f"kubectl get service {name}"
    if spec.get("clusterIP") == "None":
        return missing(f"{name} is headless: it has no address of its own", look)
    kind = spec["type"]
    return say(kind == "ClusterIP", f"{name} is a ClusterIP Service", f"{name} is a {kind} Service, not ClusterIP", look)


def _web(cluster: Cluster) -> Iterator[Finding]:
    found, service = exists(cluster, "service/web")
    yield found
    if not service:
        return
    yield _plain(service)
    yield _has_port(service, 80)
    port = _port(service, 80)
    if port is None:
        return
    target = port.get("targetPort")
    yield say(
        target == "http",
        "it goes to the port of the pods that is named http",
        f"its targetPort is {target}: the pods' port has a name, and the name survives when the number changes",
        "kubectl describe service web",
    )
    yield _leads_to(cluster, service, 80, 3)


def _shared(cluster: Cluster) -> Iterator[Finding]:
    found, following = exists(cluster, "deployment/web-next")
    yield found
    found, service = exists(cluster, "service/web")
    yield found
    if not service:
        return
    yield _has_port(service, 80)
    ends = _served(cluster, service, 80)
    look = f"kubectl get endpointslices -l {_SERVICE_NAME}=web"
    for tag, count in (("1.0", 3), ("1.1", 1)):
        got = sum(1 for e in ends if e.image.endswith(f"chatter/web:{tag}"))
        right = f"{count} of the endpoints of web run version {tag}"
        wrong = f"{got} of the endpoints of web run version {tag}, not {count}"
        if got != count:
            yield missing(wrong, look, soon=_starting(cluster))
        else:
            yield holds(right)
    if following and (following.get("status") or {}).get("readyReplicas", 0) < following["spec"]["replicas"]:
        yield missing("not all pods of web-next are ready", "kubectl get deployment web-next", soon=True)
    if len(ends) > 4:
        yield missing(f"web has {len(ends)} ready endpoints, not 4", look)


def _names(cluster: Cluster) -> Iterator[Finding]:
    found, service = exists(cluster, "service/rooms")
    yield found
    if not service:
        return
    address = service["spec"].get("clusterIP")
    yield say(
        address == "None",
        "rooms is headless",
        f"rooms has the address {address or 'of another name'}: its name leads there, not to the pods. A Service cannot give "
        "its address back: make it anew",
        "kubectl get service rooms",
    )
    yield _has_port(service, 8080)
    ends = _served(cluster, service, 8080)
    look = f"kubectl get endpointslices -l {_SERVICE_NAME}=rooms -o yaml"
    yield say(
        all("chatter/rooms" in e.image for e in ends), "it leads to chatter/rooms only", "it leads to pods of another image", look
    )
    for name in ("rooms-0", "rooms-1"):
        if any(e.hostname == name for e in ends):
            yield holds(f"{name}.rooms is the name of a pod that is ready")
        elif not _named(cluster, service, name) and not _starting(cluster) and cluster.find("pods", name):
            yield missing(
                f"pod/{name} is there, but has no name in DNS: spec.serviceName of the StatefulSet and the selector of the "
                "Service must fit",
                look,
            )
        else:
            soon = _named(cluster, service, name) or _starting(cluster)  # the endpoints come a moment after the pods
            yield missing(f"nobody answers to {name}.rooms", look, soon=soon)


def _named(cluster: Cluster, service: Object, name: str) -> bool:
    """Whether a pod has all that it takes for a name in DNS below a headless Service."""
    pod = cluster.find("pods", name)
    if pod is None or pod["spec"].get("subdomain") != service["metadata"]["name"] or pod["spec"].get("hostname") != name:
        return False
    wanted: Object = service["spec"].get("selector") or {}
    return wanted.items() <= labels(pod).items()


def _archive(cluster: Cluster) -> Iterator[Finding]:
    found, service = exists(cluster, "service/archive")
    yield found
    if not service:
        return
    selector, kind = service["spec"].get("selector"), service["spec"]["type"]
    look = "kubectl describe service archive"
    if kind == "ExternalName":
        yield missing("archive is only another name (ExternalName): it leads to no port", look)
        return
    right, wrong = (
        "archive has no selector: its endpoints are written by hand",
        "archive has a selector: its endpoints are not yours",
    )
    yield say(not selector, right, wrong, look)
    yield _has_port(service, 80)
    machine = cluster.find("pods", "machine")
    if machine is None:
        yield missing("pod/machine is gone; apply it again", "kubectl get pod machine")
        return
    wanted = f"{machine['status'].get('hostIP')}:9090"
    ends = sorted({f"{e.ip}:{e.port}" for e in _served(cluster, service, 80)})
    yield say(
        ends == [wanted],
        f"its port 80 leads to {wanted}",
        f"its port 80 leads to {', '.join(ends) or 'nobody'}, not to {wanted}: a slice belongs to a Service by the label "
        f"{_SERVICE_NAME}, and a port to a port by its name",
        "kubectl get endpointslices --show-labels",
    )


def _door(cluster: Cluster) -> Iterator[Finding]:
    found, service = exists(cluster, "service/door")
    yield found
    if not service:
        return
    kind = service["spec"]["type"]
    yield say(
        kind in ("NodePort", "LoadBalancer"),
        f"door is a {kind} Service",
        f"door is a {kind} Service: no node opens a port for it",
        "kubectl get service door",
    )
    ports = [p for p in service["spec"].get("ports") or () if p.get("nodePort") == _NODE_PORT]
    given = ", ".join(str(p["nodePort"]) for p in service["spec"].get("ports") or () if p.get("nodePort")) or "none"
    yield say(
        bool(ports),
        f"every node listens on {_NODE_PORT}",
        f"its node ports: {given}; {_NODE_PORT} is not among them",
        "kubectl get service door",
    )
    if ports:
        yield _leads_to(cluster, service, ports[0]["port"], 3)


def _backend(ingresses: list[Object], host: str, path: str) -> tuple[str, int | str] | None:
    """Return Service and port that a request goes to: an exact path first, else the longest prefix."""
    best: tuple[int, tuple[str, int | str]] | None = None
    for rule in (r for i in ingresses for r in i["spec"].get("rules") or () if r.get("host") == host):
        for entry in (rule.get("http") or {}).get("paths") or ():
            given, service = entry.get("path") or "/", entry["backend"].get("service") or {}
            exact = entry["pathType"] == "Exact"
            fits = given == path if exact else f"{path.rstrip('/')}/".startswith(f"{given.rstrip('/')}/")
            rank = len(given) + (1000 if exact else 0)
            if fits and service and (best is None or rank > best[0]):
                port = service.get("port") or {}
                best = rank, (service["name"], port.get("number") or port.get("name") or "")
    return best[1] if best else None


def _routes(cluster: Cluster, ingresses: list[Object]) -> Iterator[Finding]:
    for path, wanted in (("/", "web"), ("/about", "web"), ("/rooms", "rooms"), ("/rooms/lobby/messages", "rooms")):
        service, port = _backend(ingresses, _HOST, path) or ("", "")
        look = "kubectl describe ingress"
        if service != wanted:
            yield missing(f"http://{_HOST}{path} goes to {service or 'nobody'}, not to {wanted}", look)
            return
        target = cluster.find("services", wanted)
        ports = [p for p in (target or {}).get("spec", {}).get("ports") or () if port in (p["port"], p.get("name"))]
        if not ports:
            yield missing(f"service/{wanted} has no port {port}", f"kubectl get service {wanted}")
            return
    yield holds(f"http://{_HOST}/ goes to web, and /rooms with all below it to rooms")


def _encrypted(cluster: Cluster, ingresses: list[Object]) -> Finding:
    entries = [t for i in ingresses for t in i["spec"].get("tls") or () if _HOST in (t.get("hosts") or ())]
    secret = cluster.find("secrets", entries[0].get("secretName") or "-") if entries else None
    look = "kubectl describe ingress"
    if not entries:
        return missing(f"no Ingress has a certificate for {_HOST}: spec.tls names host and Secret", look)
    if secret is None or secret.get("type") != "kubernetes.io/tls":
        return missing(f"there is no TLS Secret {entries[0].get('secretName')!r} in namespace {cluster.namespace}", look)
    return holds(f"the certificate for {_HOST} is in secret/{secret['metadata']['name']}")


def _outside(cluster: Cluster) -> Iterator[Finding]:
    ingresses = [i for i in cluster.list("ingresses") if any(r.get("host") == _HOST for r in i["spec"].get("rules") or ())]
    yield say(
        bool(ingresses),
        f"there is an Ingress for {_HOST}",
        f"no Ingress in namespace {cluster.namespace} has a rule for the host {_HOST}",
        "kubectl get ingress",
    )
    if not ingresses:
        return
    yield from _routes(cluster, ingresses)
    yield _encrypted(cluster, ingresses)
    classes = [c["metadata"]["name"] for c in cluster.list("ingressclasses", "")]
    for ingress in ingresses if classes else ():
        name, given = ingress["metadata"]["name"], ingress["spec"].get("ingressClassName")
        if given and given not in classes:
            yield missing(
                f"ingress/{name} is of the class {given!r}; there is only {', '.join(classes)}", "kubectl get ingressclass"
            )
            continue
        there = bool(((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress"))
        look = f"kubectl describe ingress {name}"
        right, wrong = f"a controller serves ingress/{name}", f"no controller has taken ingress/{name} yet"
        yield holds(right) if there else missing(wrong, look, soon=True)


def _repaired(cluster: Cluster) -> Iterator[Finding]:
    found, service = exists(cluster, "service/web")
    yield found
    if not service:
        return
    yield _plain(service)
    yield _has_port(service, 80)
    if _port(service, 80):
        yield _leads_to(cluster, service, 80, 3)
    deployment = cluster.find("deployment", "web")
    probe = deployment and "readinessProbe" in deployment["spec"]["template"]["spec"]["containers"][0]
    yield say(bool(probe), "the pods of web say when they are ready", "deployment/web has no readiness probe any more")


def _colleague(resource: str, patch: Object, kind: Literal["merge", "strategic"] = "merge") -> Callable[[Cluster], None]:
    """Return what a colleague does to the Service or the Deployment web."""

    def inject(cluster: Cluster) -> None:
        cluster.patch(resource, "web", patch, kind=kind, manager="colleague")

    return inject


_RENAMED = [{"containerPort": 8080, "protocol": "TCP", "name": "web"}]
_OTHER_NAME = {
    "spec": {
        "strategy": {"type": "Recreate", "rollingUpdate": None},  # so that no pod of before helps out
        "template": {"spec": {"containers": [{"name": "web", "ports": _RENAMED}]}},
    }
}

CONTENT = LabContent(
    "06",
    "Networking I",
    exercises=(
        Exercise(
            "06.1",
            "Make a ClusterIP Service web: its port 80 leads to the port named http of the three pods of web.",
            _web,
            (
                "A Service needs to know which pods, which port it has itself, and which port of the pods.",
                "spec.selector, spec.ports[].port and spec.ports[].targetPort; a targetPort may be a name.",
            ),
            solution='''
service = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
"""
lab.apply(service)
''',
            reason="The selector finds pods by label, not Deployments; the name http is looked up in each pod.",
            owns=("service/web",),
        ),
        Exercise(
            "06.2",
            "With a Deployment web-next, let one of four connections to web, on average, reach version 1.1.",
            _shared,
            (
                "Each ready endpoint has the same share. How many endpoints, and of which version, give one quarter?",
                "A second Deployment whose pods have the label app=web too, and one more label; and a port that is named http.",
            ),
            solution='''
lab.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-next}
spec:
  replicas: 1
  selector: {matchLabels: {app: web, track: next}}
  template:
    metadata: {labels: {app: web, track: next}}
    spec:
      containers:
      - {name: web, image: "chatter/web:1.1", ports: [{name: http, containerPort: 8080}], readinessProbe: {httpGet: {port: http}}}
""")
''',
            reason="A Service asks for labels only. Three pods of one version and one of the other: a quarter, on average.",
            owns=("deployment/web-next",),
        ),
        Exercise(
            "06.3",
            "Let two pods of chatter/rooms:1.0 be found as rooms-0.rooms and rooms-1.rooms, port 8080.",
            _names,
            (
                "A Service with an address hides its pods. Which kind of Service shows them, and which workload names its pods?",
                "Service rooms with clusterIP: None, and a StatefulSet rooms with serviceName: rooms.",
            ),
            solution='''
lab.apply("""
apiVersion: v1
kind: Service
metadata: {name: rooms}
spec: {clusterIP: None, selector: {app: rooms}, ports: [{name: http, port: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: rooms}
spec: {serviceName: rooms, replicas: 2, selector: {matchLabels: {app: rooms}}, template: {
  metadata: {labels: {app: rooms}},
  spec: {containers: [{name: rooms, image: "chatter/rooms:1.0"}]}}}
""")
''',
            reason="Pods of a StatefulSet have a host name, and serviceName is their subdomain: DNS knows both together.",
            owns=("statefulset/rooms", "service/rooms"),
        ),
        Exercise(
            "06.4",
            "Make a Service archive whose port 80 leads to the old machine: its address, port 9090. No selector.",
            _archive,
            (
                "Without a selector nobody writes the endpoints. What object could you write yourself?",
                "An EndpointSlice with the label kubernetes.io/service-name=archive, addressType IPv4, the address and the port.",
            ),
            solution='''
address = lab.cluster.get("pod", "machine")["status"]["hostIP"]
lab.apply(f"""
{{apiVersion: v1, kind: Service, metadata: {{name: archive}}, spec: {{ports: [{{port: 80}}]}}}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: archive-1, labels: {{kubernetes.io/service-name: archive}}}}
addressType: IPv4
ports: [{{port: 9090}}]
endpoints: [{{addresses: ["{address}"]}}]
""")
''',
            reason="kube-proxy reads slices. It does not care whether a controller has written them or you.",
            owns=("endpointslice/archive-1", "service/archive"),
        ),
        Exercise(
            "06.5",
            f"Make a Service door: port {_NODE_PORT} of every node leads to the pods of web.",
            _door,
            (
                "Which type of Service opens a port on each node?",
                "type: NodePort; spec.ports[].nodePort chooses the number, from 30000 to 32767.",
            ),
            solution=f'''
lab.apply("""
apiVersion: v1
kind: Service
metadata: {{name: door}}
spec:
  type: NodePort
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: http, nodePort: {_NODE_PORT}}}]
""")
''',
            reason="A NodePort Service is a ClusterIP Service with one more way in: the same port on every node.",
            owns=("service/door",),
        ),
        Exercise(
            "06.6",
            f"Make an Ingress for {_HOST}: / leads to web, /rooms and all below it to rooms, with the certificate of chatter-tls.",
            _outside,
            (
                "One host, two paths, and a certificate: three places in an Ingress.",
                "spec.rules[].http.paths with pathType Prefix, spec.tls with hosts and secretName; spec.ingressClassName: nginx.",
            ),
            solution=f'''
lab.apply("""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: chatter}}
spec:
  ingressClassName: nginx
  tls: [{{hosts: [{_HOST}], secretName: chatter-tls}}]
  rules:
  - host: {_HOST}
    http: {{paths: [
      {{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}},
      {{path: /rooms, pathType: Prefix, backend: {{service: {{name: rooms, port: {{name: http}}}}}}}}]}}
""")
''',
            reason="The longest path that fits wins, so / takes what nothing else wants.",
            owns=("ingress/chatter",),
        ),
        Exercise(
            "06.7",
            "Repair web: port 80 of the Service leads to at least three ready pods of web again.",
            _repaired,
            (
                "Go along the way: name, Service, endpoints, port, pod. Where does it end?",
                'Compare kubectl describe service web with the labels and the ports of the pods; lab.why("service/web") does too.',
            ),
            solution="""
lab.apply(service, force=True)
lab.apply(web, force=True)
lab.wait_for("deployment/web", "updated")
""",
            reason="What was right is written down: apply it again, with force, since a colleague owns the changed fields now.",
            fault="silent",
        ),
    ),
    predictions=(
        Prediction(
            "06.a",
            "A pod asks a pod on another node. Which address does the other one see as its visitor's?",
            ("the address of the pod that asks", "the address of the node that it runs on", "the address of a router between"),
            0,
            "Between pods no address is translated: that is the rule of the pod network. What a pod sees is who really asks.",
        ),
        Prediction(
            "06.b",
            "Who has the address of a Service on a network interface?",
            ("the pod of kube-proxy", "the first node", "nobody"),
            2,
            "It stands only in the rules that kube-proxy writes on every node (in its modes iptables and nftables). They change the "
            "destination of a new connection.",
        ),
        Prediction(
            "06.c",
            "Three pods are behind web. One pod opens twelve connections. Who gets them?",
            ("four each, in turn", "each a random pod, about four each", "all the pod on the same node, if there is one"),
            1,
            "The rules draw lots for each connection. Few connections are spread unevenly; many come close to equal shares.",
        ),
        Prediction(
            "06.d",
            "A pod of web says that it is not ready. What becomes of its endpoint?",
            ("it is deleted", "it stays, marked as not ready", "nothing: only the liveness probe counts"),
            1,
            "The slice keeps it with ready: false, and kube-proxy sends it no new connections. Connections that stand are not cut.",
        ),
        Prediction(
            "06.e",
            "CoreDNS is scaled to 0. Does a connection to a Service still work?",
            ("no, neither by name nor by address", "by its address, not by its name", "yes, both"),
            1,
            "Names are CoreDNS's work, addresses kube-proxy's. The rules on the nodes stay, whatever happens to the names.",
        ),
        Prediction(
            "06.f",
            "A request reaches the Ingress controller with a host that no Ingress names. What does it get?",
            ("the first Ingress's pages", "no connection", "404 from the controller"),
            2,
            "The connection ends at the controller. It finds no rule for the host and answers by itself.",
        ),
    ),
    quizzes=(
        Quiz(
            "06.q1",
            "A Service has no ready endpoint. A client connects to its address. What does it see?",
            (
                Option("connection refused, at once", "kube-proxy rejects packets to a Service that has nobody behind it.", True),
                Option(
                    "the name does not resolve", "The name of a Service with an address resolves as long as the Service exists."
                ),
                Option("it waits until a pod is ready", "Nothing holds a connection back until somebody can take it."),
            ),
        ),
        Quiz(
            "06.q2",
            "Twenty websites, each with its own host name, one public address. What do you take?",
            (
                Option("twenty LoadBalancer Services", "That is twenty addresses, each of them paid for."),
                Option(
                    "twenty NodePort Services", "Users would have to type port numbers; and each node's ports are open to all."
                ),
                Option("one Ingress controller, and an Ingress for each", "It tells hosts apart by HTTP and TLS.", True),
            ),
        ),
    ),
    faults=(
        Fault(
            "06.silent",
            'A user writes: "Chatter does not load any more. Yesterday it did." The colleague who changed something is on holiday.',
            (
                Break(
                    _colleague("services", {"spec": {"selector": {"app": "web", "tier": "front"}}}),
                    "The Service asked for a label more than the pods have: tier=front. No pod fitted, so there were no endpoints.",
                ),
                Break(
                    _colleague("services", {"spec": {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 8000}]}}),
                    "The Service sent to port 8000, where nobody listens. The endpoints looked healthy; only their port was wrong.",
                ),
                Break(
                    _colleague("deployments", _OTHER_NAME, "strategic"),
                    "The pods' port was called web instead of http. The Service looked for http and found no port; and the readiness "
                    "probe asks the port http too, so the pods were not ready.",
                ),
                Break(
                    _colleague("deployments", {"spec": {"replicas": 0}}),
                    "The Deployment had been scaled to 0. The Service was right, and there was nobody behind it.",
                ),
            ),
            exercise="06.7",
        ),
    ),
    syllabus=("D1", "D2", "D3", "D4", "D5"),
    system=(("coredns", 2),),
    needs=("admin",),
    reading=(
        ("Cluster networking", "https://kubernetes.io/docs/concepts/cluster-administration/networking/"),
        ("Service", "https://kubernetes.io/docs/concepts/services-networking/service/"),
        ("Virtual IPs and service proxies", "https://kubernetes.io/docs/reference/networking/virtual-ips/"),
        ("DNS for Services and Pods", "https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/"),
        ("Ingress", "https://kubernetes.io/docs/concepts/services-networking/ingress/"),
        ("Gateway API", "https://kubernetes.io/docs/concepts/services-networking/gateway/"),
    ),
)
