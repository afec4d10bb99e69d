"""Services that do not answer, traffic that is refused, Ingresses that lead nowhere."""

from typing import Any

from k8slab.apimachinery.types import Object
from tests.explain.produce.builders import deployment, pod, policy, service, thing
from tests.explain.produce.lab import Lab, Situation, Step
from tests.explain.produce.rewriting import change

S = Situation
_WEB = deployment("web", replicas=2, port=80)
_SHOP = thing("v1", "Namespace", "shop")
_BUSY: dict[str, Any] = {"image": "busybox", "command": ["sleep", "100000"]}


def _probed(port: int = 80) -> Object:
    return deployment("web", replicas=2, port=port, readinessProbe={"httpGet": {"port": port, "path": "/"}, "periodSeconds": 5})


SERVICES = [
    S("a selector with a typo", "svc/web", "service.selector-mismatch likely service/web spec.selector.app", [_WEB, service(selector={"app": "wep"}), 20]),
    S("a selector of two labels, one of them wrong", "svc/web", "service.selector-mismatch known service/web spec.selector.tier",
      [deployment(labels={"app": "web", "tier": "front"}), service(selector={"app": "web", "tier": "frontend"}), 20]),
    S("a selector with a label too many", "svc/web", "service.selector-mismatch known service/web spec.selector.version",
      [_WEB, service(selector={"app": "web", "version": "v1"}), 20]),
    S("another key for the same value", "svc/web", "service.selector-mismatch likely service/web spec.selector.name", [_WEB, service(selector={"name": "web"}), 20]),
    S("a Service before its pods", "svc/web", "service.no-pods known service/web spec.selector", [service(), 20]),
    S("a Service in another namespace than its pods", "svc/web", "service.no-pods known service/web spec.selector",
      [_SHOP, 2, pod("web", namespace="shop"), service(), 20]),
    S("scaled to zero", "svc/web", "service.scaled-to-zero known deployment/web spec.replicas", [deployment(replicas=0), service(), 20]),
    S("no pod is ready: the image", "svc/web", "service.pods-not-ready known deployment/web spec.template.spec.containers[0].image",
      [deployment(image="nginx:nosuch"), service(), 40]),
    S("no pod is ready: the probe", "svc/web", "service.pods-not-ready known deployment/web spec.template.spec.containers[0].readinessProbe.httpGet.port",
      [deployment(readinessProbe={"httpGet": {"port": 8080}, "periodSeconds": 5}), service(), 40]),
    S("no pod has a node", "svc/web", "service.pods-not-ready known deployment/web spec.template.spec.nodeSelector",
      [deployment(nodeSelector={"disk": "ssd"}), service(), 20]),
    S("a targetPort's name that no pod has", "svc/web", "service.target-port-name known service/web spec.ports[0].targetPort",
      [_WEB, service(target="http"), 20]),
    S("a targetPort that no pod declares", "svc/web", "service.target-port likely service/web spec.ports[0].targetPort", [_WEB, service(target=8080), 20]),
    S("no selector and no endpoints", "svc/web", "service.no-selector known service/web spec.selector", [service(selector={}), 20]),
    S("a load balancer in a cluster without a cloud", "svc/web", "service.load-balancer-pending likely service/web status.loadBalancer",
      [_WEB, service(type="LoadBalancer"), 20, change("Service", "web", lambda s: s.update(status={"loadBalancer": {}}))]),
    S("the controller manager is down", "svc/web", "service.no-slices likely service/web spec.selector",
      [_WEB, 20, lambda lab: lab.create(thing("sim.k8slab.dev/v1alpha1", "Fault", "off", {"type": "ComponentDown", "component": "kube-controller-manager"})),
       2, service(), 20]),
    S("a Deployment whose pods are refused", "svc/web", "service.workload-without-pods known deployment/web status",
      [thing("v1", "ResourceQuota", "few", {"hard": {"pods": "0"}}), deployment(), service(), 20]),
    S("a Service that answers", "svc/web", "service.healthy known service/web spec.selector", [_WEB, service(), 20]),
    S("a Service with a named port that answers", "svc/web", "service.healthy known service/web spec.selector",
      [deployment(ports=[{"name": "http", "containerPort": 80}]), service(target="http"), 20]),
    S("only another name", "svc/web", "service.external.healthy known service/web spec.externalName",
      [service(type="ExternalName", externalName="example.com", selector={}), 5]),
    S("a headless Service", "svc/web", "service.healthy known service/web spec.selector", [_WEB, service(clusterIP="None"), 20]),
]  # fmt: skip

_A = pod("a", **_BUSY)
_DENY = policy("default-deny", policyTypes=["Ingress"])
_DENY_OUT = policy("no-way-out", policyTypes=["Egress"])


def _from(*peers: Object, ports: list[Object] | None = None) -> list[Object]:
    return [{"from": list(peers), **({"ports": ports} if ports else {})}]


def _to(*peers: Object, ports: list[Object] | None = None) -> Object:
    return {"to": list(peers), **({"ports": ports} if ports else {})}


def _pods(**labels: str) -> Object:
    return {"podSelector": {"matchLabels": labels}}


_DNS = _to({"namespaceSelector": {}}, ports=[{"port": 53, "protocol": "UDP"}])


def _no_dns(lab: Lab) -> None:
    lab.admin.patch("deployments.apps", "coredns", "kube-system", {"spec": {"replicas": 0}}, subresource="scale")


def _traffic(name: str, ask: str, answer: str, *steps: Step) -> Situation:
    return S(name, ask, answer, [_A, *steps, 25])


TRAFFIC = [
    _traffic(
        "allowed, and a probe proves the listener",
        "pod/a -> svc/web:80",
        "traffic.allowed.healthy known service/web spec.ports",
        _probed(),
        service(),
    ),
    _traffic(
        "allowed, as far as can be seen",
        "pod/a -> svc/web:80",
        "traffic.allowed.healthy likely service/web spec.ports",
        _WEB,
        service(),
    ),
    _traffic(
        "to the only port of a Service",
        "pod/a -> svc/web",
        "traffic.allowed.healthy likely service/web spec.ports",
        _WEB,
        service(),
    ),
    _traffic("by a name of DNS", "pod/a -> http://web", "traffic.allowed.healthy likely service/web spec.ports", _WEB, service()),
    _traffic(
        "by a full name of DNS",
        "pod/a -> web.chat.svc.cluster.local:80",
        "traffic.allowed.healthy likely service/web spec.ports",
        _WEB,
        service(),
    ),
    _traffic(
        "a default deny",
        "pod/a -> svc/web:80",
        "traffic.policy.ingress known networkpolicy/default-deny spec.ingress",
        _WEB,
        service(),
        _DENY,
    ),
    _traffic(
        "a policy that lets in others",
        "pod/a -> svc/web:80",
        "traffic.policy.ingress known networkpolicy/friends spec.ingress",
        _WEB,
        service(),
        policy("friends", {"app": "web"}, ingress=_from(_pods(app="b"))),
    ),
    _traffic(
        "a policy that lets it in",
        "pod/a -> svc/web:80",
        "traffic.allowed.healthy likely service/web spec.ports",
        _WEB,
        service(),
        _DENY,
        policy("friends", {"app": "web"}, ingress=_from(_pods(app="a"))),
    ),
    _traffic(
        "a policy that names the Service's port",
        "pod/a -> svc/web:80",
        "traffic.policy.ingress-port known networkpolicy/friends spec.ingress[0].ports",
        deployment("web", port=8080, image="busybox", command=["sleep", "9999"]),
        service(target=8080),
        policy("friends", {"app": "web"}, ingress=_from(_pods(app="a"), ports=[{"port": 80}])),
    ),
    _traffic(
        "a policy for another protocol",
        "pod/a -> svc/web:80",
        "traffic.policy.ingress-port known networkpolicy/friends spec.ingress[0].ports",
        _WEB,
        service(),
        policy("friends", {"app": "web"}, ingress=_from(_pods(app="a"), ports=[{"port": 80, "protocol": "UDP"}])),
    ),
    _traffic(
        "another namespace's pods are not meant by a podSelector",
        "shop/pod/b -> chat/svc/web:80",
        "traffic.policy.ingress known networkpolicy/friends spec.ingress",
        _SHOP,
        pod("b", namespace="shop", **_BUSY),
        _WEB,
        service(),
        policy("friends", {"app": "web"}, ingress=_from(_pods(app="b"))),
    ),
    _traffic(
        "nothing may go out",
        "pod/a -> svc/web:80",
        "traffic.policy.dns likely networkpolicy/no-way-out spec.egress",
        _WEB,
        service(),
        _DENY_OUT,
    ),
    _traffic(
        "only DNS may go out",
        "pod/a -> svc/web:80",
        "traffic.policy.egress known networkpolicy/out spec.egress",
        _WEB,
        service(),
        policy("out", {"app": "a"}, policyTypes=["Egress"], egress=[_DNS]),
    ),
    _traffic(
        "out to it, but DNS was forgotten",
        "pod/a -> svc/web:80",
        "traffic.policy.dns likely networkpolicy/out spec.egress",
        _WEB,
        service(),
        policy("out", {"app": "a"}, policyTypes=["Egress"], egress=[_to(_pods(app="web"))]),
    ),
    S(
        "cluster DNS scaled to zero",
        "pod/a -> svc/web:80",
        "traffic.dns.down likely deployment/coredns spec.replicas",
        [_A, _WEB, service(), _no_dns, 25],
        system_pods=True,
    ),
    _traffic(
        "out to it on another port",
        "pod/a -> svc/web:80",
        "traffic.policy.egress-port known networkpolicy/out spec.egress[1].ports",
        _WEB,
        service(),
        policy("out", {"app": "a"}, policyTypes=["Egress"], egress=[_DNS, _to(_pods(app="web"), ports=[{"port": 8080}])]),
    ),
    _traffic(
        "to a pod without DNS",
        "pod/a -> pod/b:80",
        "traffic.policy.egress known networkpolicy/no-way-out spec.egress",
        pod("b", port=80),
        _DENY_OUT,
    ),
    _traffic("a pod reaches itself, policy or not", "pod/a -> pod/a:80", "traffic.allowed.healthy likely pod/a *", _DENY),
    _traffic(
        "a Service's selector is wrong",
        "pod/a -> svc/web:80",
        "service.selector-mismatch likely service/web spec.selector.app",
        _WEB,
        service(selector={"app": "wep"}),
    ),
    _traffic(
        "no endpoint is ready",
        "pod/a -> svc/web:80",
        "service.pods-not-ready known deployment/web spec.template.spec.containers[0].image",
        deployment(image="nginx:nosuch"),
        service(),
    ),
    _traffic(
        "a port that the Service has not",
        "pod/a -> svc/web:8080",
        "traffic.service-port known service/web spec.ports",
        _WEB,
        service(),
    ),
    _traffic(
        "the targetPort instead of the port",
        "pod/a -> svc/web:8080",
        "traffic.service-port known service/web spec.ports",
        _WEB,
        service(target=8080),
    ),
    _traffic(
        "the other protocol",
        "pod/a -> svc/web:80/udp",
        "traffic.protocol known service/web spec.ports[0].protocol",
        _WEB,
        service(),
    ),
    _traffic(
        "a Service of several ports",
        "pod/a -> svc/web",
        "traffic.which-port unknown service/web spec.ports",
        _WEB,
        service(port=[{"name": "http", "port": 80}, {"name": "admin", "port": 81}]),
    ),
    _traffic(
        "a port by its name",
        "pod/a -> svc/web:http",
        "traffic.allowed.healthy likely service/web spec.ports",
        _WEB,
        service(port=[{"name": "http", "port": 80}, {"name": "admin", "port": 81}]),
    ),
    _traffic(
        "a target port where probably nothing listens",
        "pod/a -> svc/web:80",
        "traffic.no-listener likely service/web spec.ports[0].targetPort",
        _WEB,
        service(target=8080),
    ),
    _traffic(
        "a pod's port where probably nothing listens",
        "pod/a -> pod/b:8080",
        "traffic.no-listener likely pod/b spec.containers[0].ports",
        pod("b", port=80),
    ),
    _traffic(
        "a name in another namespace",
        "pod/a -> http://web",
        "traffic.dns.other-namespace known service/web metadata.namespace",
        _SHOP,
        pod("web", namespace="shop", port=80),
        service(namespace="shop"),
    ),
    _traffic(
        "a name with its namespace",
        "pod/a -> http://web.shop",
        "traffic.allowed.healthy likely service/web spec.ports",
        _SHOP,
        pod("web", namespace="shop", port=80),
        service(namespace="shop"),
    ),
    _traffic(
        "a pod's own host name",
        "pod/a -> http://a",
        "traffic.dns.own-name known pod/a spec.hostname",
        _WEB,
        service("a", selector={"app": "web"}),
    ),
    _traffic(
        "a name that nobody has", "pod/a -> http://wep", "traffic.dns.no-service known service/wep metadata.name", _WEB, service()
    ),
    _traffic(
        "a namespace that is not there",
        "pod/a -> http://web.shopp",
        "traffic.dns.no-namespace known service/web metadata.namespace",
        _WEB,
        service(),
    ),
    _traffic(
        "a wrong domain",
        "pod/a -> http://web.chat.svc.cluster.lokal",
        "traffic.dns.unknown-name known web.chat.svc.cluster.lokal ",
        _WEB,
        service(),
    ),
    _traffic("a name outside", "pod/a -> https://example.com", "traffic.external unknown example.com "),
    S(
        "a pod that does not ask the cluster's DNS",
        "pod/a -> http://web",
        "traffic.dns.policy known pod/a spec.dnsPolicy",
        [pod("a", dnsPolicy="Default", **_BUSY), _WEB, service(), 25],
    ),
    S(
        "a source that does not run",
        "pod/a -> svc/web:80",
        "traffic.source-not-running known pod/a status.phase",
        [pod("a", nodeSelector={"x": "y"}), _WEB, service(), 25],
    ),
    S("a source that is not there", "pod/x -> svc/web:80", "absent known pod/x metadata.name", [_WEB, service(), 25]),
    _traffic(
        "a target that does not run",
        "pod/a -> pod/b:80",
        "traffic.target-not-running known pod/b status.phase",
        pod("b", nodeSelector={"x": "y"}),
    ),
    _traffic("a Service that is not there", "pod/a -> svc/x:80", "absent known service/x metadata.name"),
    _traffic("a Deployment as the source", "deployment/web -> pod/a:80", "traffic.allowed.healthy likely pod/a *", _WEB),
    _traffic(
        "a ClusterIP from outside",
        "internet -> svc/web:80",
        "traffic.cluster-ip-from-outside known service/web spec.type",
        _WEB,
        service(),
    ),
    _traffic(
        "a node port from outside",
        "internet -> svc/web:80",
        "traffic.allowed.healthy likely service/web spec.ports",
        _WEB,
        service(type="NodePort"),
    ),
    _traffic(
        "a node port from outside with a default deny",
        "internet -> svc/web:80",
        "traffic.policy.ingress known networkpolicy/default-deny spec.ingress",
        _WEB,
        service(type="NodePort"),
        _DENY,
    ),
    _traffic("an address that nobody has", "pod/a -> 10.250.0.9:80", "traffic.address-unknown likely 10.250.0.9 "),
    _traffic(
        "a policy selects only one of the pods",
        "pod/a -> svc/web:80",
        "traffic.policy.partial known networkpolicy/one spec.ingress",
        service(),
        pod("web-1", {"app": "web", "n": "1"}, port=80),
        pod("web-2", {"app": "web", "n": "2"}, port=80),
        policy("one", {"n": "1"}, policyTypes=["Ingress"]),
    ),
    S(
        "the policies cannot be seen",
        "pod/a -> svc/web:80",
        "unknown unknown service/web spec.ports",
        [_A, _probed(), service(), 25],
        unseen=("networkpolicies.networking.k8s.io",),
    ),
]


def _class(name: str = "nginx", default: bool = False) -> Object:
    mark = {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}} if default else {}
    return thing("networking.k8s.io/v1", "IngressClass", name, {"controller": "k8s.io/ingress-nginx"}, metadata=mark)


def _ingress(backend: str = "web", port: Object | None = None, **spec: object) -> Object:
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": backend, "port": port or {"number": 80}}}}
    return thing(
        "networking.k8s.io/v1", "Ingress", "site", {"rules": [{"host": "chat.example.com", "http": {"paths": [path]}}], **spec}
    )


def _addressed(lab: Lab) -> None:
    change("Ingress", "site", lambda i: i.update(status={"loadBalancer": {"ingress": [{"ip": "10.0.0.5"}]}}))(lab)


INGRESSES = [
    S(
        "a Service that is not there",
        "ing/site",
        "ingress.service-missing known ingress/site spec.rules[0].http.paths[0].backend.service.name",
        [_class(), _ingress("wep", ingressClassName="nginx"), _WEB, service(), 20],
    ),
    S(
        "a port that the Service has not",
        "ing/site",
        "ingress.service-port known ingress/site spec.rules[0].http.paths[0].backend.service.port.number",
        [_class(), _ingress(port={"number": 8080}, ingressClassName="nginx"), _WEB, service(), 20],
    ),
    S(
        "a port's name that the Service has not",
        "ing/site",
        "ingress.service-port known ingress/site spec.rules[0].http.paths[0].backend.service.port.name",
        [_class(), _ingress(port={"name": "http"}, ingressClassName="nginx"), _WEB, service(), 20],
    ),
    S(
        "a class that is not there",
        "ing/site",
        "ingress.class-missing known ingress/site spec.ingressClassName",
        [_class(), _ingress(ingressClassName="traefik"), _WEB, service(), 20],
    ),
    S(
        "no class and no controller",
        "ing/site",
        "ingress.no-controller likely ingress/site spec.ingressClassName",
        [_ingress(), _WEB, service(), 20],
    ),
    S(
        "no class and none is the default",
        "ing/site",
        "ingress.no-class likely ingress/site spec.ingressClassName",
        [_class(), _ingress(), _WEB, service(), 20],
    ),
    S(
        "the certificate's Secret is missing",
        "ing/site",
        "ingress.tls-secret-missing known ingress/site spec.tls[0].secretName",
        [
            _class(),
            _ingress(ingressClassName="nginx", tls=[{"hosts": ["chat.example.com"], "secretName": "tls"}]),
            _WEB,
            service(),
            20,
            _addressed,
        ],
    ),
    S(
        "a Service without ready pods",
        "ing/site",
        "service.pods-not-ready known deployment/web spec.template.spec.containers[0].image",
        [_class(), _ingress(ingressClassName="nginx"), deployment(image="nginx:nosuch"), service(), 40, _addressed],
    ),
    S(
        "a class whose controller does nothing",
        "ing/site",
        "ingress.no-address likely ingress/site status.loadBalancer",
        [_class(), _ingress(ingressClassName="nginx"), _WEB, service(), 20],
    ),
    S(
        "an Ingress that leads somewhere",
        "ing/site",
        "ingress.healthy known ingress/site status.loadBalancer",
        [_class(default=True), _ingress(), _WEB, service(), 20, _addressed],
    ),
    S(
        "a default backend that is not there",
        "ing/site",
        "ingress.service-missing known ingress/site spec.defaultBackend.service.name",
        [
            _class(),
            thing(
                "networking.k8s.io/v1",
                "Ingress",
                "site",
                {"ingressClassName": "nginx", "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
            ),
            5,
        ],
    ),
]
