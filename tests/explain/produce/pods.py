"""Pods that do not start, do not stay up, are not ready or do not go."""

from k8slab.apimachinery.types import Object
from tests.explain.produce.builders import claim, config_map, container, deployment, pod, secret, stateful_set, thing
from tests.explain.produce.lab import Lab, Situation, Step
from tests.explain.produce.rewriting import drop_events, pulled, retold, status_of

S = Situation


def _image(name: str, image: str, answer: str, *steps: Step, **more: object) -> Situation:
    return S(name, "pod/web", answer, [*steps, pod(image=image, **more), 40])


_NOT_FOUND = 'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
_DENIED = (
    'failed to pull and unpack image "{image}": failed to resolve reference "{image}": pull access denied, repository does not '
    "exist or may require authorization: server message: insufficient_scope: authorization failed"
)
_REGISTRY = 'failed to pull and unpack image "{image}": failed to resolve reference "{image}": '

IMAGES = [
    _image("a tag that does not exist", "nginx:nosuch", "pod.image.not-found known pod/web spec.containers[0].image"),
    _image("a typo in the image's name", "ngimx", "pod.image.denied likely pod/web spec.containers[0].image"),
    _image("no valid image name", "Nginx:1.0:2", "pod.image.invalid-name known pod/web spec.containers[0].image"),
    _image(
        "an upper-case image name", "docker.io/library/NGINX", "pod.image.invalid-name known pod/web spec.containers[0].image"
    ),
    _image(
        "an image that may not be pulled and is not there",
        "redis:7",
        "pod.image.never-pull known pod/web spec.containers[0].imagePullPolicy",
        imagePullPolicy="Never",
    ),
    S(
        "a Deployment's tag that does not exist",
        "deployment/web",
        "pod.image.not-found known deployment/web spec.template.spec.containers[0].image",
        [deployment(image="nginx:nosuch"), 40],
    ),
    S(
        "a pod of a Deployment with a wrong tag",
        "pod/web-*",
        "pod.image.not-found known deployment/web spec.template.spec.containers[0].image",
        [deployment(image="nginx:nosuch"), 40],
    ),
    S(
        "the second container's image is wrong",
        "pod/web",
        "pod.image.not-found known pod/web spec.containers[1].image",
        [pod(containers=[container(), container("redis:nosuch", "cache")]), 40],
    ),
    S(
        "an init container's image is wrong",
        "pod/web",
        "pod.image.not-found known pod/web spec.initContainers[0].image",
        [pod(initContainers=[container("busybox:nosuch", "prepare")]), 40],
    ),
    S(
        "a registry that refuses without credentials",
        "pod/web",
        "pod.image.unauthorized likely pod/web spec.imagePullSecrets",
        [
            pod(image="nginx:nosuch"),
            40,
            pulled(
                "registry.example.com/shop/web:1",
                _REGISTRY + "unexpected status from HEAD request to "
                "https://registry.example.com/v2/shop/web/manifests/1: 401 Unauthorized",
            ),
        ],
    ),
    S(
        "the pull secret does not exist",
        "pod/web",
        "pod.image.pull-secret-missing likely pod/web spec.imagePullSecrets[0].name",
        [
            pod(image="nginx:nosuch", imagePullSecrets=[{"name": "registry"}]),
            40,
            pulled(
                "registry.example.com/shop/web:1",
                _REGISTRY + "failed to authorize: failed to fetch anonymous token: 401 Unauthorized",
            ),
        ],
    ),
    S(
        "Docker Hub does not say whether it is private",
        "pod/web",
        "pod.image.denied likely pod/web spec.containers[0].image",
        [pod(image="nginx:nosuch"), 40, pulled("docker.io/shop/web:1", _DENIED)],
    ),
    S(
        "a private image and a pull secret that is not there",
        "pod/web",
        "pod.image.pull-secret-missing likely pod/web spec.imagePullSecrets[0].name",
        [pod(image="nginx:nosuch", imagePullSecrets=[{"name": "registry"}]), 40, pulled("docker.io/shop/web:1", _DENIED)],
    ),
    S(
        "a registry's name that nobody knows",
        "pod/web",
        "pod.image.unreachable known pod/web spec.containers[0].image",
        [
            pod(image="nginx:nosuch"),
            40,
            pulled(
                "registry.lokal/web:1",
                _REGISTRY + 'failed to do request: Head "https://registry.lokal/v2/web": '
                "dial tcp: lookup registry.lokal on 10.0.0.2:53: no such host",
            ),
        ],
    ),
    S(
        "a registry that does not answer",
        "pod/web",
        "pod.image.unreachable known pod/web spec.containers[0].image",
        [
            pod(image="nginx:nosuch"),
            40,
            pulled(
                "10.9.9.9:5000/web:1",
                _REGISTRY + 'failed to do request: Head "https://10.9.9.9:5000/v2/web": dial tcp 10.9.9.9:5000: i/o timeout',
            ),
        ],
    ),
    S(
        "a registry with a certificate of its own",
        "pod/web",
        "pod.image.certificate known pod/web spec.containers[0].image",
        [
            pod(image="nginx:nosuch"),
            40,
            pulled(
                "registry.corp/web:1",
                _REGISTRY + 'failed to do request: Head "https://registry.corp/v2/web": '
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
            ),
        ],
    ),
    S(
        "the rate limit of Docker Hub",
        "pod/web",
        "pod.image.rate-limit known pod/web spec.containers[0].image",
        [
            pod(image="nginx:nosuch"),
            40,
            pulled(
                "docker.io/library/redis:7",
                _REGISTRY + "unexpected status code https://registry-1.docker.io: "
                "429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
            ),
        ],
    ),
    S(
        "an image for another processor",
        "pod/web",
        "pod.image.platform known pod/web spec.containers[0].image",
        [
            pod(image="nginx:nosuch"),
            40,
            pulled(
                "docker.io/shop/web:arm",
                'failed to pull and unpack image "{image}": no match for platform in manifest: not found',
            ),
        ],
    ),
    S(
        "the node's disk is full",
        "pod/web",
        "pod.image.disk-full known pod/web spec.containers[0].image",
        [
            pod(image="nginx:nosuch"),
            40,
            pulled(
                "docker.io/shop/web:1",
                'failed to pull and unpack image "{image}": failed to extract layer: '
                "write /var/lib/containerd/tmp: no space left on device",
            ),
        ],
    ),
    S(
        "an older kubelet says why only in events",
        "pod/web",
        "pod.image.not-found known pod/web spec.containers[0].image",
        [pod(image="nginx:nosuch"), 40, retold("web", 'Back-off pulling image "nginx:nosuch"')],
    ),
    S(
        "an older kubelet, and the events are gone",
        "pod/web",
        "pod.image.pull-failed likely pod/web spec.containers[0].image",
        [pod(image="nginx:nosuch"), 40, retold("web", 'Back-off pulling image "nginx:nosuch"'), drop_events],
    ),
]


def _env(kind: str, name: str, key: str = "url") -> Object:
    return {"name": "URL", "valueFrom": {f"{kind}KeyRef": {"name": name, "key": key}}}


CONFIGURATION = [
    S(
        "a ConfigMap for a variable is missing",
        "pod/web",
        "pod.config.configmap-missing known pod/web spec.containers[0].env[0].valueFrom.configMapKeyRef.name",
        [pod(env=[_env("configMap", "settings")]), 20],
    ),
    S(
        "a ConfigMap's name with a typo",
        "pod/web",
        "pod.config.configmap-missing known pod/web spec.containers[0].env[0].valueFrom.configMapKeyRef.name",
        [config_map("settings", url="x"), pod(env=[_env("configMap", "setings")]), 20],
    ),
    S(
        "a Secret for a variable is missing",
        "pod/web",
        "pod.config.secret-missing known pod/web spec.containers[0].env[0].valueFrom.secretKeyRef.name",
        [pod(env=[_env("secret", "password")]), 20],
    ),
    S(
        "a key of a ConfigMap is missing",
        "pod/web",
        "pod.config.configmap-key-missing known configmap/settings data.url",
        [config_map("settings", URL="x"), pod(env=[_env("configMap", "settings")]), 20],
    ),
    S(
        "a key of a Secret is missing",
        "pod/web",
        "pod.config.secret-key-missing known secret/password data.url",
        [secret("password", pw="x"), pod(env=[_env("secret", "password")]), 20],
    ),
    S(
        "envFrom a ConfigMap that is missing",
        "pod/web",
        "pod.config.configmap-missing known pod/web spec.containers[0].envFrom[0].configMapRef.name",
        [pod(envFrom=[{"configMapRef": {"name": "settings"}}]), 20],
    ),
    S(
        "a Deployment's Secret is missing",
        "deployment/web",
        "pod.config.secret-missing known deployment/web spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name",
        [deployment(replicas=2, env=[_env("secret", "password")]), 20],
    ),
    S(
        "the ConfigMap has come in the meantime",
        "pod/web",
        "pod.config.retrying likely configmap/settings",
        [pod(env=[_env("configMap", "settings")]), 20, config_map("settings", url="x")],
    ),
    S(
        "runAsNonRoot with an image that runs as root",
        "pod/web",
        "pod.config.run-as-root known pod/web spec.securityContext.runAsNonRoot",
        [pod(securityContext={"runAsNonRoot": True}), 20],
    ),
    S(
        "runAsNonRoot in the container",
        "pod/web",
        "pod.config.run-as-root known pod/web spec.containers[0].securityContext.runAsNonRoot",
        [pod(containers=[container(securityContext={"runAsNonRoot": True})]), 20],
    ),
    S(
        "runAsUser 0 with runAsNonRoot",
        "pod/web",
        "pod.config.run-as-root known pod/web spec.containers[0].securityContext.runAsUser",
        [pod(containers=[container(securityContext={"runAsNonRoot": True, "runAsUser": 0})]), 20],
    ),
    S(
        "a command that the image does not have",
        "pod/web",
        "pod.start.executable-not-found known pod/web spec.containers[0].command[0]",
        [pod(command=["serve"]), 40],
    ),
    S(
        "args that are no program",
        "pod/web",
        "pod.start.executable-not-found known pod/web spec.containers[0].args[0]",
        [pod(image="busybox", args=["serve"]), 40],
    ),
]


def _probe(kind: str = "httpGet", **more: object) -> Object:
    handler = {k: more.pop(k) for k in ("path", "port", "command") if k in more}
    return {kind: handler, "periodSeconds": 5, **more}


CRASHES = [
    S(
        "a program that ends with an error",
        "pod/web",
        "pod.crash.error known pod/web spec.containers[0]",
        [pod(sh="echo no config >&2; exit 3"), 60],
    ),
    S(
        "a program that ends with an error, waiting to be restarted for the first time",
        "pod/web",
        "pod.crash.error known pod/web spec.containers[0]",
        [pod(sh="echo no config >&2; exit 1"), 8],
    ),
    S(
        "a Deployment whose program ends",
        "deployment/web",
        "pod.crash.error known deployment/web spec.template.spec.containers[0]",
        [deployment(replicas=2, sh="exit 1"), 60],
    ),
    S(
        "a program that has nothing to do",
        "pod/web",
        "pod.crash.completed known pod/web spec.containers[0].command",
        [pod(image="busybox"), 60],
    ),
    S(
        "a script that ends well but should stay",
        "pod/web",
        "pod.crash.completed known pod/web spec.containers[0].command",
        [pod(sh="echo done"), 60],
    ),
    S(
        "a shell that does not find the command",
        "pod/web",
        "pod.crash.command-not-found likely pod/web spec.containers[0].command",
        [pod(sh="serve --port 80"), 60],
    ),
    S(
        "a file that may not be executed",
        "pod/web",
        "pod.crash.not-executable likely pod/web spec.containers[0].command",
        [pod(sh="exit 126"), 60],
    ),
    S("a segmentation fault", "pod/web", "pod.crash.segfault known pod/web spec.containers[0]", [pod(sh="exit 139"), 60]),
    S("an abort", "pod/web", "pod.crash.abort known pod/web spec.containers[0]", [pod(sh="exit 134"), 60]),
    S("ended by SIGTERM", "pod/web", "pod.crash.sigterm likely pod/web spec.containers[0].command", [pod(sh="exit 143"), 60]),
    S(
        "killed, nobody knows by whom",
        "pod/web",
        "pod.crash.killed likely pod/web spec.containers[0].command",
        [pod(sh="exit 137"), 60],
    ),
    S("ended by another signal", "pod/web", "pod.crash.signal known pod/web spec.containers[0]", [pod(sh="exit 136"), 60]),
    S(
        "out of memory at its limit",
        "pod/web",
        "pod.crash.oom.limit known pod/web spec.containers[0].resources.limits.memory",
        [pod(image="polinux/stress", command=["stress", "--vm", "1", "--vm-bytes", "200M"], limits={"memory": "100Mi"}), 60],
    ),
    S(
        "a Deployment out of memory",
        "deployment/web",
        "pod.crash.oom.limit known deployment/web spec.template.spec.containers[0].resources.limits.memory",
        [
            deployment(image="polinux/stress", command=["stress", "--vm", "1", "--vm-bytes", "200M"], limits={"memory": "100Mi"}),
            60,
        ],
    ),
    S(
        "out of memory without a limit of its own",
        "pod/web",
        "pod.crash.oom.no-limit known pod/web spec.containers[0].resources",
        [
            pod(sh="exit 137"),
            60,
            status_of(
                "Pod",
                "web",
                _oom := lambda status: [
                    c["lastState"]["terminated"].update(reason="OOMKilled")
                    for c in status["containerStatuses"]
                    if c.get("lastState")
                ],
            ),
        ],
    ),
    S(
        "a liveness probe on a port where nothing listens",
        "pod/web",
        "pod.crash.liveness-probe known pod/web spec.containers[0].livenessProbe",
        [pod(livenessProbe=_probe(path="/", port=8080, failureThreshold=2)), 38],
    ),
    S(
        "a liveness probe of a page that does not exist",
        "pod/web",
        "pod.crash.liveness-probe known pod/web spec.containers[0].livenessProbe",
        [pod(livenessProbe=_probe(path="/health", port=80, failureThreshold=2)), 38],
    ),
    S(
        "a startup probe that never succeeds",
        "pod/web",
        "pod.crash.startup-probe known pod/web spec.containers[0].startupProbe",
        [pod(startupProbe=_probe(path="/", port=8080, failureThreshold=2)), 38],
    ),
    S(
        "a liveness probe long since failing, whose latest events were held back",
        "pod/web",
        "pod.crash.liveness-probe likely pod/web spec.containers[0].livenessProbe",
        [pod(livenessProbe=_probe(path="/", port=8080, failureThreshold=2)), 60],
    ),
    S(
        "an init container that fails",
        "pod/web",
        "pod.crash.error known pod/web spec.initContainers[0]",
        [pod(initContainers=[container(name="prepare", sh="echo cannot reach db; exit 1")]), 60],
    ),
    S(
        "a sidecar that crashes",
        "pod/web",
        "pod.crash.error known pod/web spec.initContainers[0]",
        [pod(initContainers=[container(name="proxy", sh="sleep 2; exit 1", restartPolicy="Always")]), 60],
    ),
    S(
        "the second of two containers crashes",
        "pod/web",
        "pod.crash.error known pod/web spec.containers[1]",
        [pod(containers=[container(), container(name="log", sh="exit 4")]), 60],
    ),
    S(
        "a pod that failed once and is not restarted",
        "pod/web",
        "pod.crash.error known pod/web spec.containers[0]",
        [pod(sh="exit 1", restartPolicy="Never"), 20],
    ),
    S(
        "killed a moment ago and running again",
        "pod/web",
        "pod.restarted.error known pod/web spec.containers[0]",
        [pod(sh="sleep 30; exit 1"), 50],
    ),
    S(
        "restarted by its liveness probe and running again",
        "pod/web",
        "pod.restarted.liveness-probe known pod/web spec.containers[0].livenessProbe",
        [pod(livenessProbe=_probe(path="/", port=8080, failureThreshold=3, periodSeconds=10)), 40],
    ),
]


def _delete(name: str) -> Step:
    return lambda lab: lab.delete("pods", name)


def _crash_node(lab: Lab) -> None:
    node = lab.pods("web")[0]["spec"]["nodeName"]
    lab.create(thing("sim.k8slab.dev/v1alpha1", "Fault", "crash", {"type": "NodeCrash", "nodes": [node]}))


def _vanished(lab: Lab) -> None:
    lab.rewrites.append(
        lambda objects: [
            o for o in objects if o["kind"] != "Node" or o["metadata"]["name"] != lab.pods("web")[0]["spec"]["nodeName"]
        ]
    )


_GATE = [{"conditionType": "example.com/load-balancer"}]

READINESS = [
    S("a readiness probe on a port where nothing listens", "pod/web", "pod.readiness.refused known pod/web spec.containers[0].readinessProbe.httpGet.port",
      [pod(port=80, readinessProbe=_probe(path="/", port=8080)), 40]),
    S("a readiness probe of a page that does not exist", "pod/web", "pod.readiness.http-status known pod/web spec.containers[0].readinessProbe.httpGet.path",
      [pod(readinessProbe=_probe(path="/ready", port=80)), 40]),
    S("a TCP readiness probe", "pod/web", "pod.readiness.refused known pod/web spec.containers[0].readinessProbe.tcpSocket.port",
      [pod(readinessProbe=_probe("tcpSocket", port=5432)), 40]),
    S("a readiness probe whose command fails", "pod/web", "pod.readiness.exec known pod/web spec.containers[0].readinessProbe.exec.command",
      [pod(readinessProbe=_probe("exec", command=["cat", "/ready"])), 40]),
    S("a Deployment with a wrong readiness probe", "deployment/web",
      "pod.readiness.http-status known deployment/web spec.template.spec.containers[0].readinessProbe.httpGet.path",
      [deployment(replicas=2, readinessProbe=_probe(path="/ready", port=80)), 40]),
    S("a readiness probe that has not begun", "pod/web", "pod.readiness.waiting known pod/web spec.containers[0].readinessProbe.initialDelaySeconds",
      [pod(readinessProbe=_probe(path="/", port=80, initialDelaySeconds=120)), 30]),
    S("a start that is not over", "pod/web", "pod.startup.refused known pod/web spec.containers[0].startupProbe.httpGet.port",
      [pod(startupProbe=_probe(path="/", port=8080, failureThreshold=30)), 40]),
    S("a readiness gate that nobody sets", "pod/web", "pod.readiness.gate known pod/web spec.readinessGates[0]", [pod(readinessGates=_GATE), 20]),
    S("a probe that times out", "pod/web", "pod.readiness.timeout known pod/web spec.containers[0].readinessProbe.timeoutSeconds",
      [pod(readinessProbe=_probe(path="/", port=81)), 40, lambda lab: lab.rewrites.append(lambda objects: [
          {**o, "message": 'Readiness probe failed: Get "http://10.244.1.2:81/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'}
          if o.get("reason") == "Unhealthy" else o for o in objects])]),
    S("a failing probe without its events", "pod/web", "pod.readiness.failing likely pod/web spec.containers[0].readinessProbe",
      [pod(readinessProbe=_probe(path="/ready", port=80)), 40, drop_events]),
]  # fmt: skip

_STUCK = "sleep 1000 & trap '' TERM; while true; do sleep 1; done"

ENDINGS = [
    S(
        "in its grace",
        "pod/web",
        "pod.terminating.grace known pod/web spec.terminationGracePeriodSeconds",
        [pod(sh=_STUCK, terminationGracePeriodSeconds=60), 10, _delete("web"), 20],
    ),
    S(
        "in its grace with a preStop hook",
        "pod/web",
        "pod.terminating.grace known pod/web spec.terminationGracePeriodSeconds",
        [pod(lifecycle={"preStop": {"sleep": {"seconds": 25}}}), 10, _delete("web"), 10],
    ),
    S(
        "held by a finalizer",
        "pod/web",
        "pod.terminating.finalizer known pod/web metadata.finalizers",
        [pod(finalizers=["example.com/archive"]), 10, _delete("web"), 90],
    ),
    S(
        "deleted on a lost node",
        "pod/web",
        "pod.terminating.node-lost known node/worker-* status.conditions[Ready]",
        [pod(), 10, _crash_node, 60, _delete("web"), 60],
    ),
    S(
        "on a lost node",
        "pod/web",
        "pod.node.not-ready known node/worker-* status.conditions[Ready]",
        [pod(), 10, _crash_node, 60],
    ),
    S("completed", "pod/web", "pod.completed.healthy known pod/web status.phase", [pod(sh="true", restartPolicy="Never"), 20]),
    S(
        "past its deadline",
        "pod/web",
        "pod.deadline known pod/web spec.activeDeadlineSeconds",
        [pod(activeDeadlineSeconds=20), 40],
    ),
    S(
        "turned away by the kubelet for lack of CPU",
        "pod/web",
        "pod.rejected.resources known pod/web spec.containers",
        [pod(nodeName="worker-1", requests={"cpu": "64"}), 10],
    ),
    S(
        "turned away by the kubelet for its node selector",
        "pod/web",
        "pod.rejected.node-affinity known pod/web spec.nodeSelector",
        [pod(nodeName="worker-1", nodeSelector={"disk": "ssd"}), 10],
    ),
    S(
        "evicted for memory",
        "pod/hog",
        "pod.evicted.memory known pod/hog spec.containers[0].resources.requests.memory",
        [pod("hog", image="polinux/stress", command=["stress", "--vm", "1", "--vm-bytes", "7850M"]), 30],
    ),
]


def _ended(reason: str, message: str, **status: object) -> Step:
    """The pod's status as a kubelet writes it at the end, which the embedded one does not for this reason."""
    return status_of(
        "Pod",
        "web",
        lambda s: s.update({"phase": "Failed", "reason": reason, "message": message, "containerStatuses": [], **status}),
    )


def _disrupted(reason: str, message: str) -> Step:
    condition = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
    return status_of(
        "Pod",
        "web",
        lambda s: s.update({"phase": "Failed", "conditions": [*s["conditions"], condition], "containerStatuses": []}),
    )


ENDINGS += [
    S("evicted for disk", "pod/web", "pod.evicted.ephemeral-storage known pod/web spec.containers[0].resources.requests.ephemeral-storage",
      [pod(), 10, _ended("Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, available: 800Mi. Container c was "
                         "using 4Gi, request is 0, has larger consumption of ephemeral-storage.")]),
    S("evicted for its own disk use", "pod/web", "pod.evicted.ephemeral-limit known pod/web spec.containers[0].resources.limits.ephemeral-storage",
      [pod(limits={"ephemeral-storage": "1Gi"}), 10, _ended("Evicted", "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ")]),
    S("evicted for a full emptyDir", "pod/web", "pod.evicted.emptydir known pod/web spec.volumes[0].emptyDir.sizeLimit",
      [pod(volumes=[{"name": "tmp", "emptyDir": {"sizeLimit": "100Mi"}}]), 10,
       _ended("Evicted", 'Usage of EmptyDir volume "tmp" exceeds the limit "100Mi". ')]),
    S("turned away under pressure", "pod/web", "pod.evicted.pressure known pod/web spec",
      [pod(), 10, _ended("Evicted", "Pod was rejected: The node had condition: [MemoryPressure]. ")]),
    S("a node that was shut down", "pod/web", "pod.ended.node-shutdown known node/worker-* ",
      [pod(), 10, _ended("Terminated", "Pod was terminated in response to imminent node shutdown.")]),
    S("preempted", "pod/web", "pod.disrupted.preempted known pod/web spec.priorityClassName",
      [pod(), 10, _disrupted("PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod")]),
    S("removed by a taint", "pod/web", "pod.disrupted.tainted known pod/web spec.tolerations",
      [pod(), 10, _disrupted("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint")]),
    S("failed without a word", "pod/web", "unknown unknown pod/web", [pod(), 10, _ended("", "")]),
    S("its node is gone", "pod/web", "pod.node.gone known node/worker-* metadata.name",
      [pod(), 10, _crash_node, 60, _vanished]),
]  # fmt: skip


def _mount(kind: str, **source: object) -> dict[str, object]:
    return {"volumes": [{"name": "files", kind: source}], "volumeMounts": [{"name": "files", "mountPath": "/files"}]}


def _event(reason: str, message: str, name: str = "web") -> Step:
    def step(lab: Lab) -> None:
        subject = next(p for p in lab.pods(name))
        meta = {"name": f"{name}.real", "namespace": "chat", "creationTimestamp": None}
        about = {"kind": "Pod", "namespace": "chat", "name": name, "uid": subject["metadata"]["uid"], "apiVersion": "v1"}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": meta,
            "involvedObject": about,
            "reason": reason,
            "message": message,
            "type": "Warning",
            "count": 7,
            "lastTimestamp": "2099-01-01T00:00:00Z",
        }
        lab.rewrites.append(lambda objects: [*objects, event])

    return step


def _creating(lab: Lab) -> None:
    """The pod as it stands while its volumes are not mounted."""
    waiting = {
        "name": "c",
        "image": "nginx",
        "state": {"waiting": {"reason": "ContainerCreating"}},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "started": False,
    }
    conditions = [
        {"type": "PodReadyToStartContainers", "status": "False"},
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
        {"type": "PodScheduled", "status": "True"},
    ]
    status_of("Pod", "web", lambda s: s.update({"phase": "Pending", "containerStatuses": [waiting], "conditions": conditions}))(
        lab
    )


STARTING = [
    S(
        "a ConfigMap for files is missing",
        "pod/web",
        "pod.volume.configmap-missing known pod/web spec.volumes[0].configMap.name",
        [pod(**_mount("configMap", name="pages")), 30],
    ),
    S(
        "a Secret for files is missing",
        "pod/web",
        "pod.volume.secret-missing known pod/web spec.volumes[0].secret.secretName",
        [pod(**_mount("secret", secretName="certificate")), 30],
    ),
    S(
        "a key of a mounted ConfigMap is missing",
        "pod/web",
        "pod.volume.configmap-key-missing known configmap/pages data.index.html",
        [
            config_map("pages", other="x"),
            pod(**_mount("configMap", name="pages", items=[{"key": "index.html", "path": "index.html"}])),
            30,
        ],
    ),
    S(
        "a Deployment's ConfigMap is missing",
        "deployment/web",
        "pod.volume.configmap-missing known deployment/web spec.template.spec.volumes[0].configMap.name",
        [deployment(**_mount("configMap", name="pages")), 30],
    ),
    S(
        "a projected Secret is missing",
        "pod/web",
        "pod.volume.secret-missing known pod/web spec.volumes[0].projected.sources[0].secret.name",
        [pod(**_mount("projected", sources=[{"secret": {"name": "certificate"}}])), 30],
    ),
    S(
        "an init container that waits",
        "pod/web",
        "pod.init.running known pod/web spec.initContainers[0]",
        [pod(initContainers=[container(name="wait", sh="echo waiting for db; sleep 1000")]), 60],
    ),
    S("the image is being pulled", "pod/web", "pod.starting known pod/web status.phase", [pod(image="postgres"), 1]),
    S(
        "a volume still attached elsewhere",
        "pod/web",
        "pod.volume.multi-attach known pod/web spec.volumes",
        [
            pod(),
            10,
            _creating,
            _event("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) web-old'),
        ],
    ),
    S(
        "a hostPath that is not there",
        "pod/web",
        "pod.volume.hostpath known pod/web spec.volumes[0]",
        [
            pod(**_mount("hostPath", path="/srv/pages", type="Directory")),
            10,
            _creating,
            _event(
                "FailedMount",
                'MountVolume.SetUp failed for volume "files" : hostPath type check failed: /srv/pages is not a directory',
            ),
        ],
    ),
    S(
        "a volume that cannot be attached",
        "pod/web",
        "pod.volume.attach likely pod/web spec.volumes",
        [
            pod(),
            10,
            _creating,
            _event(
                "FailedAttachVolume",
                'AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = Internal desc = disk not found',
            ),
        ],
    ),
    S(
        "a volume that cannot be mounted",
        "pod/web",
        "pod.volume.mount likely pod/web spec.volumes[0]",
        [
            pod(**_mount("nfs", server="10.0.0.9", path="/export")),
            10,
            _creating,
            _event("FailedMount", 'MountVolume.SetUp failed for volume "files" : mount failed: exit status 32'),
        ],
    ),
    S(
        "no network for the sandbox",
        "pod/web",
        "pod.sandbox likely node/worker-* status.conditions[Ready]",
        [
            pod(),
            10,
            _creating,
            _event(
                "FailedCreatePodSandBox",
                "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for "
                'sandbox "f3": plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory',
            ),
        ],
    ),
]

HEALTHY = [
    S("a pod that runs", "pod/web", "pod.healthy known pod/web status.phase", [pod(), 20]),
    S(
        "a pod with a sidecar and probes that runs",
        "pod/web",
        "pod.healthy known pod/web status.phase",
        [
            pod(
                initContainers=[container(name="proxy", restartPolicy="Always", sh="sleep 10000")],
                containers=[container(readinessProbe=_probe(path="/", port=80), livenessProbe=_probe(path="/", port=80))],
            ),
            60,
        ],
    ),
    S("a pod of a Deployment that runs", "pod/web-*", "pod.healthy known pod/web-* status.phase", [deployment(), 20]),
    S(
        "a pod that runs, though an optional ConfigMap is missing",
        "pod/web",
        "pod.healthy known pod/web status.phase",
        [pod(**_mount("configMap", name="pages", optional=True)), 20],
    ),
    S("a pod that is not there", "pod/wep", "absent known pod/wep metadata.name", [pod("web"), 20]),
    S("a namespace that is not there", "shop/pod/web", "absent.namespace known namespace/shop metadata.name", [pod("web"), 20]),
    S(
        "a ConfigMap that a pod misses",
        "configmap/settings",
        "absent known configmap/settings metadata.name",
        [pod(env=[_env("configMap", "settings")]), 20],
    ),
    S(
        "a Deployment that runs",
        "deployment/web",
        "deployment.healthy known deployment/web status.readyReplicas",
        [deployment(replicas=3), 30],
    ),
    S(
        "a StatefulSet with its claims that runs",
        "statefulset/db",
        "statefulset.healthy known statefulset/db status.readyReplicas",
        [
            thing("v1", "Service", "db", {"clusterIP": "None", "selector": {"app": "db"}, "ports": [{"port": 80}]}),
            stateful_set(spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim()["spec"]}]}),
            60,
        ],
    ),
]
