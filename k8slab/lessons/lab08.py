"""Lab 08, Configuration and storage: what its notebook asks, checks and breaks. Syllabus: B6, B9, E1 to E4."""

import base64
from collections.abc import Callable, Iterator

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, apply, wait_for
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, missing
from k8slab.lessons.judging import exists, first_container, image_is, is_ready, pod_spec, say
from k8slab.topology.status import pod_status

__all__ = ["CONTENT"]


def _ready(owner: Object, least: int = 1) -> Finding:
    kind, name, wanted = owner["kind"].lower(), owner["metadata"]["name"], owner["spec"]["replicas"]
    status = owner.get("status") or {}
    current = status.get("observedGeneration") == owner["metadata"].get("generation")
    if wanted < least:
        return missing(f"{kind}/{name} wants {wanted} pods, not {least}", f"kubectl get {kind} {name}")
    if current and status.get("readyReplicas", 0) == wanted:
        return say(True, f"{wanted} of {wanted} pods of {name} are ready", "")
    return missing(f"{status.get('readyReplicas', 0)} of {wanted} pods of {name} are ready", "kubectl get pods", soon=True)


def _variable(cluster: Cluster, container: Object, name: str) -> tuple[str, str]:
    """Return the value of an environment variable and where it comes from: "configmap/x", "secret/x", "yaml", ""."""
    for entry in reversed(container.get("env") or ()):
        if entry["name"] != name:
            continue
        for field, kind in (("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")):
            ref = (entry.get("valueFrom") or {}).get(field)
            if ref:
                return _key(cluster, kind, ref["name"], ref["key"]), f"{kind}/{ref['name']}"
        return str(entry.get("value", "")), "yaml"
    for source in reversed(container.get("envFrom") or ()):
        for field, kind in (("configMapRef", "configmap"), ("secretRef", "secret")):
            ref = source.get(field)
            prefix = source.get("prefix", "")
            if ref and name.startswith(prefix):
                value = _key(cluster, kind, ref["name"], name.removeprefix(prefix))
                if value:
                    return value, f"{kind}/{ref['name']}"
    return "", ""


def _key(cluster: Cluster, kind: str, name: str, key: str) -> str:
    data = (cluster.find(kind, name) or {}).get("data") or {}
    value = str(data.get(key, ""))
    return base64.b64decode(value).decode(errors="replace") if kind == "secret" and value else value


def _environment(cluster: Cluster) -> Iterator[Finding]:
    found, config = exists(cluster, "configmap/chatter")
    yield found
    data = (config or {}).get("data") or {}
    yield say(
        data.get("ROOM") == "lobby",
        "it says ROOM=lobby",
        f"its key ROOM says {data.get('ROOM')!r}, not 'lobby'",
        "kubectl get cm chatter -o yaml",
    )
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    yield image_is(first_container(pod_spec(deployment)), "chatter/web")
    value, source = _variable(cluster, first_container(pod_spec(deployment)), "ROOM")
    yield say(
        source == "configmap/chatter",
        f"its variable ROOM comes from the ConfigMap ({value})",
        f"its variable ROOM comes from {'its own YAML' if source == 'yaml' else source or 'nowhere'}, not from configmap/chatter",
        "kubectl get deployment web -o yaml",
    )
    yield _ready(deployment)


def _mounted(spec: Object, path: str) -> Iterator[tuple[Object, Object]]:
    """Yield mount and volume of whatever the first container has at a path or above."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or ()}
    for mount in first_container(spec).get("volumeMounts") or ():
        if path == mount["mountPath"].rstrip("/") or path.startswith(mount["mountPath"].rstrip("/") + "/"):
            yield mount, volumes.get(mount["name"], {})


def _config_maps(volume: Object) -> set[str]:
    parts = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    return {part["configMap"]["name"] for part in parts if "configMap" in part}


def _files(cluster: Cluster) -> Iterator[Finding]:
    found, texts = exists(cluster, "configmap/texts")
    yield found
    word = ((texts or {}).get("data") or {}).get("welcome.txt", "")
    yield say(
        "evening" in word,
        "welcome.txt wishes a good evening",
        f"welcome.txt says {word!r}: no evening in it",
        "kubectl get cm texts -o yaml",
    )
    found, deployment = exists(cluster, "deployment/gateway")
    yield found
    if not deployment:
        return
    spec = pod_spec(deployment)
    mounts = [(m, v) for m, v in _mounted(spec, "/etc/chatter/welcome.txt") if "texts" in _config_maps(v)]
    look = "kubectl get deployment gateway -o yaml"
    yield say(
        bool(mounts),
        "it has the ConfigMap texts at /etc/chatter",
        "no volume of the ConfigMap texts is mounted at /etc/chatter",
        look,
    )
    if mounts:
        fixed = "subPath" in mounts[0][0]
        yield say(not fixed, "changes will reach it", "it is mounted with subPath: such a file never follows the ConfigMap", look)
    yield _ready(deployment)


def _secret(cluster: Cluster) -> Iterator[Finding]:
    found, secret = exists(cluster, "secret/history-db")
    yield found
    password = _key(cluster, "secret", "history-db", "password")
    yield say(
        len(password) >= 8,
        "its password has at least 8 characters",
        "its key password has fewer than 8 characters",
        "kubectl describe secret history-db",
    )
    found, deployment = exists(cluster, "deployment/rooms")
    yield found
    if not deployment or not secret:
        return
    _, source = _variable(cluster, first_container(pod_spec(deployment)), "DB_PASSWORD")
    yield say(
        source == "secret/history-db",
        "its variable DB_PASSWORD comes from the Secret",
        f"its variable DB_PASSWORD comes from {'its own YAML, for everybody to read' if source == 'yaml' else source or 'nowhere'}",
        "kubectl get deployment rooms -o yaml",
    )
    leaks = [m["metadata"]["name"] for m in cluster.list("configmaps") if password and password in str(m.get("data") or {})]
    yield say(
        not leaks,
        "no ConfigMap has the password",
        f"the password also stands in configmap/{leaks[0] if leaks else ''}",
        "kubectl get configmaps",
    )
    yield _ready(deployment)


def _keeper(cluster: Cluster) -> Iterator[Finding]:
    found, claim = exists(cluster, "persistentvolumeclaim/archive")
    yield found
    found, pod = exists(cluster, "pod/keeper")
    yield found
    if claim:
        size = claim["spec"]["resources"]["requests"]["storage"]
        yield say(
            float(parse_quantity(size)) >= 2**30,
            f"it asks for {size}",
            f"it asks for {size}, less than 1Gi",
            "kubectl get pvc archive",
        )
        phase = (claim.get("status") or {}).get("phase")
        if phase == "Bound":
            yield say(True, f"it is bound to {claim['spec'].get('volumeName')}", "")
        else:
            yield missing(f"it is {phase}, not Bound", "kubectl describe pvc archive", soon=True)
    if pod:
        mounts = [
            v for _, v in _mounted(pod["spec"], "/data") if (v.get("persistentVolumeClaim") or {}).get("claimName") == "archive"
        ]
        yield say(
            bool(mounts),
            "pod/keeper has it at /data",
            "pod/keeper does not have the claim archive at /data",
            "kubectl get pod keeper -o yaml",
        )
        yield is_ready(pod)


def _history(cluster: Cluster) -> Iterator[Finding]:
    found, owner = exists(cluster, "statefulset/history")
    yield found
    found, service = exists(cluster, "service/history")
    yield found
    if service:
        headless = service["spec"].get("clusterIP") == "None"
        yield say(
            headless,
            "the Service is headless",
            "the Service has a cluster address: its pods get no names of their own",
            "kubectl get service history",
        )
    if not owner:
        return
    yield image_is(first_container(pod_spec(owner)), "chatter/history")
    yield say(
        owner["spec"].get("serviceName") == "history",
        "its serviceName is history",
        f"its serviceName is {owner['spec'].get('serviceName')!r}",
        "kubectl get sts history -o yaml",
    )
    templates = {t["metadata"]["name"] for t in owner["spec"].get("volumeClaimTemplates") or ()}
    at = {m["name"] for m in first_container(pod_spec(owner)).get("volumeMounts") or () if m["mountPath"].rstrip("/") == "/data"}
    yield say(
        bool(templates & at),
        "every pod gets a volume of its own at /data",
        "no claim of volumeClaimTemplates is mounted at /data",
        "kubectl get statefulset history -o yaml",
    )
    yield _ready(owner, 3)


def _canary(cluster: Cluster) -> Iterator[Finding]:
    found, owner = exists(cluster, "statefulset/history")
    yield found
    if not owner:
        return
    image = first_container(pod_spec(owner))["image"]
    yield say(
        image.endswith("chatter/history:1.1"),
        "it wants chatter/history:1.1",
        f"it wants {image}, not chatter/history:1.1",
        "kubectl get sts history -o yaml",
    )
    for ordinal, version in ((0, "1.0"), (1, "1.0"), (2, "1.1")):
        pod = cluster.find("pods", f"history-{ordinal}")
        runs = first_container(pod["spec"])["image"] if pod else "nothing"
        if runs.endswith(f":{version}"):
            yield say(True, f"history-{ordinal} runs {version}", "")
        else:
            yield missing(
                f"history-{ordinal} runs {runs}, not version {version}", "kubectl get pods -l app=history", soon=version == "1.1"
            )
    yield _ready(owner, 3)


def _report(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/report")
    yield found
    if not pod:
        return
    yield image_is(first_container(pod["spec"]), "chatter/history")
    claims = [v["persistentVolumeClaim"]["claimName"] for _, v in _mounted(pod["spec"], "/data") if "persistentVolumeClaim" in v]
    yield say(
        bool(claims),
        f"it keeps its data in the claim {', '.join(claims)}",
        "its data at /data is not in a claim any more",
        "kubectl get pod report -o yaml",
    )
    value, source = _variable(cluster, first_container(pod["spec"]), "MODE")
    yield say(
        source.startswith("configmap/") and bool(value),
        f"MODE={value} comes from a ConfigMap",
        f"MODE does not come from a ConfigMap ({source or 'nowhere'})",
        "kubectl get pod report -o yaml",
    )
    if pod_status(pod) in ("ContainerCreating", "Pending"):
        yield missing(f"pod/report is {pod_status(pod)}", "kubectl describe pod report", soon=True)
    else:
        yield is_ready(pod)


def _report_with(key: str = "mode", storage_class: str | None = None, claim: str = "report") -> Callable[[Cluster], None]:
    """Return what makes the pod report as a colleague wrote it."""

    def inject(cluster: Cluster) -> None:
        for resource in ("pods", "persistentvolumeclaims", "configmaps"):
            cluster.delete(resource, "report", grace_period=0)
            wait_for(cluster, f"{resource}/report", "deleted")
        size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        spec = {**size, **({"storageClassName": storage_class} if storage_class else {})}
        from_key = {"configMapKeyRef": {"name": "report", "key": key}}
        container = {
            "name": "report",
            "image": "chatter/history:1.0",
            "env": [{"name": "MODE", "valueFrom": from_key}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        }
        volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
        for kind, body in (
            ("ConfigMap", {"data": {"mode": "daily"}}),
            ("PersistentVolumeClaim", {"spec": spec}),
            ("Pod", {"spec": {"securityContext": {"fsGroup": 1000}, "containers": [container], "volumes": volumes}}),
        ):
            apply(cluster, {"apiVersion": "v1", "kind": kind, "metadata": {"name": "report"}, **body}, manager="colleague")

    return inject


CONTENT = LabContent(
    "08",
    "Configuration and storage",
    exercises=(
        Exercise(
            "08.1",
            "Let web (chatter/web:1.0) get its variable ROOM from a ConfigMap chatter that says ROOM=lobby.",
            _environment,
            (
                "What differs from place to place does not belong into the image, nor into the Deployment. Where does it belong?",
                "envFrom: [{configMapRef: {name: chatter}}] in the container takes all keys; kubectl set env --from=configmap/chatter too.",
            ),
            solution="""
lab.kubectl("create configmap chatter --from-literal=ROOM=lobby")
lab.kubectl("create deployment web --image=chatter/web:1.0")
lab.kubectl("set env deployment/web --from=configmap/chatter")
""",
            reason="kubectl set env --from writes one valueFrom entry for each key of the ConfigMap.",
            owns=("deployment/web", "configmap/chatter"),
        ),
        Exercise(
            "08.2",
            "Let gateway (chatter/gateway:1.0) see welcome.txt of a ConfigMap texts below /etc/chatter; it wishes a good evening.",
            _files,
            (
                "A ConfigMap can be a directory. What turns it into one, and who mounts it?",
                "volumes: [{name: texts, configMap: {name: texts}}], volumeMounts: [{name: texts, mountPath: /etc/chatter}].",
            ),
            solution='''
lab.apply("""
apiVersion: v1
kind: ConfigMap
metadata: {name: texts}
data: {welcome.txt: Good evening!}
""")
lab.apply(gateway)
''',
            reason="Every key becomes a file. The whole directory is exchanged at once when the ConfigMap changes.",
            owns=("deployment/gateway", "configmap/texts"),
        ),
        Exercise(
            "08.3",
            "Let rooms (chatter/rooms:1.0) get DB_PASSWORD from the key password of a Secret history-db (8 characters or more).",
            _secret,
            (
                "A password in a Deployment is read by everybody who may read Deployments. What is made for it?",
                "kubectl create secret generic history-db --from-literal=password=…; then valueFrom: secretKeyRef.",
            ),
            solution="""
lab.kubectl("create secret generic history-db --from-literal=password=correct-horse")
lab.kubectl("create deployment rooms --image=chatter/rooms:1.0")
source = {"secretKeyRef": {"name": "history-db", "key": "password"}}
container = {"name": "rooms", "env": [{"name": "DB_PASSWORD", "valueFrom": source}]}
patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
_ = lab.cluster.apps.patch_namespaced_deployment("rooms", lab.namespace, patch)
""",
            reason="The Deployment names the Secret and the key; whoever reads the Deployment does not read the password.",
            owns=("deployment/rooms", "secret/history-db"),
        ),
        Exercise(
            "08.4",
            "Make a claim archive of 1Gi and a pod keeper (chatter/history:1.0) that has it at /data.",
            _keeper,
            (
                "A pod does not name a disk. What does it name instead, and who finds the disk?",
                "A PersistentVolumeClaim with accessModes and resources.requests.storage; the pod's volume: persistentVolumeClaim.",
            ),
            solution="lab.apply(archive + keeper)",
            reason="The claim asks, the StorageClass provides, the binder joins the two; with WaitForFirstConsumer once a pod needs it.",
            owns=("pod/keeper", "persistentvolumeclaim/archive"),
        ),
        Exercise(
            "08.5",
            "Make a StatefulSet history (3 pods of chatter/history:1.0, a volume of its own at /data each) with its headless Service.",
            _history,
            (
                "Three pods of a Deployment would share one claim. What makes a claim for each pod?",
                "volumeClaimTemplates; serviceName: history, and a Service history with clusterIP: None.",
            ),
            solution="lab.apply(history)",
            reason="Each pod has a number; its name, its address in DNS and its claim follow from it, and stay when it is made anew.",
            owns=("statefulset/history", "service/history"),
        ),
        Exercise(
            "08.6",
            "Bring only history-2 to version 1.1; history-0 and history-1 stay at 1.0.",
            _canary,
            (
                "A StatefulSet updates from the highest number down. Where can it be told to stop?",
                "spec.updateStrategy.rollingUpdate.partition: 2, before or together with the new image.",
            ),
            solution="""
part = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
lab.cluster.apps.patch_namespaced_stateful_set("history", lab.namespace, {"spec": {"updateStrategy": part}})
lab.kubectl("set image statefulset/history history=chatter/history:1.1")
""",
            reason="Pods with a number below the partition keep the old version, even when they are made anew.",
        ),
        Exercise(
            "08.7",
            "Make the pod report run: chatter/history, its data in a claim at /data, MODE from a ConfigMap.",
            _report,
            (
                "The pod waits for something that is not there. What does its status or its last event name?",
                'lab.why("pod/report") tells. A pod\'s volumes and variables cannot be changed: make what is wrong anew.',
            ),
            solution="""
lab.kubectl("delete pod report --grace-period=1 --wait=false")
lab.wait_for("pod/report", "deleted")
lab.kubectl("delete pvc report")
lab.apply(report)
lab.wait_for("pod/report")
""",
            reason="Pod, claim and ConfigMap name one another by name and key; one letter, and the pod waits for ever.",
            owns=("pod/report", "persistentvolumeclaim/report", "configmap/report"),
            fault="report",
        ),
    ),
    predictions=(
        Prediction(
            "08.a",
            "You change the ConfigMap chatter. What does a running container see in its variable ROOM?",
            ("the new value, within a minute", "the old value, until it is started again"),
            1,
            "A process gets its environment when it starts, and nobody can change it afterwards. Files can follow; variables cannot.",
        ),
        Prediction(
            "08.b",
            "How safe is a password in a Secret?",
            ("it is encrypted; only the pod can read it", "it is base64: whoever may read Secrets can read it", "it is hashed"),
            1,
            "base64 is spelling, not encryption. What protects it is who may read Secrets (lab 09), and encryption in the store.",
        ),
        Prediction(
            "08.c",
            "The pod keeper wrote a file into its claim. You delete the pod and make it anew. What is in /data?",
            ("nothing: a new pod begins empty", "the file", "it depends on the node"),
            1,
            "The volume belongs to the claim, not to the pod. It lives until the claim is deleted.",
        ),
        Prediction(
            "08.d",
            "You delete the pod history-1. What comes back?",
            ("a pod with another name and an empty volume", "history-1, with its own volume", "history-3"),
            1,
            "A StatefulSet gives its pods numbers. The number that is missing is filled, with the claim that belongs to it.",
        ),
        Prediction(
            "08.e",
            "You scale history down to one pod. What happens to the claims of the other two?",
            ("they are deleted", "they stay"),
            1,
            "Data is not thrown away by a number. persistentVolumeClaimRetentionPolicy can say otherwise.",
        ),
    ),
    quizzes=(
        Quiz(
            "08.q1",
            "A claim is Pending, its class says WaitForFirstConsumer. What is wrong?",
            (
                Option(
                    "nothing, as long as no pod uses it", "The volume is made where the first pod is going to run.", right=True
                ),
                Option("the class is broken", "Look at its provisioner only if a pod waits, too."),
                Option("the disk is full", "That would be an event of the provisioner."),
            ),
        ),
        Quiz(
            "08.q2",
            "Two pods on two nodes shall write into one volume. Which access mode?",
            (
                Option("ReadWriteOnce", "Once means: one node."),
                Option("ReadWriteMany", "And a driver that can do it, usually a file server.", right=True),
                Option("ReadOnlyMany", "Many nodes, but nobody writes."),
            ),
        ),
    ),
    faults=(
        Fault(
            "08.report",
            "The nightly report does not come. The pod report has been there since yesterday, and has not started.",
            (
                Break(
                    _report_with(key="Mode"),
                    "The pod asked for the key Mode; the ConfigMap has mode. Its status was CreateContainerConfigError, and the message "
                    "named the key.",
                ),
                Break(
                    _report_with(storage_class="fast"),
                    "The claim asked for a StorageClass fast, which does not exist. The claim stayed Pending, and so did the pod: its "
                    "event said that the claim is not bound.",
                ),
                Break(
                    _report_with(claim="reports"),
                    "The pod named the claim reports; it is called report. The scheduler's event said that the claim was not found.",
                ),
            ),
            exercise="08.7",
        ),
    ),
    syllabus=("B6", "B9", "E1", "E2", "E3", "E4"),
    reading=(
        ("ConfigMaps", "https://kubernetes.io/docs/concepts/configuration/configmap/"),
        ("Secrets", "https://kubernetes.io/docs/concepts/configuration/secret/"),
        ("Persistent volumes", "https://kubernetes.io/docs/concepts/storage/persistent-volumes/"),
        ("Storage classes", "https://kubernetes.io/docs/concepts/storage/storage-classes/"),
        ("StatefulSets", "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"),
    ),
)
