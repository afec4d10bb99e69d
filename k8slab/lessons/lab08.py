"""Lab 08, Configuration and storage: what its notebook asks, checks and breaks. Syllabus: B6, B9, E1 to E4."""

import base64
from collections.abc import Callable, Iterator

from k8slab.apimachinery.quantity import parse_quantity
from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, apply, wait_for
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, holds, missing
from k8slab.lessons.judging import exists, first_container, image_is, is_ready, pod_spec, rolled_out, say
from k8slab.topology.status import pod_status

__all__ = ["CONTENT"]

_FAST = "chatter-fast"  # a class that nobody has


def _three_ready(owner: Object) -> Finding:
    """Return whether a StatefulSet has three pods and all are ready, of whichever template (a partition holds some back)."""
    name, wanted, status = owner["metadata"]["name"], owner["spec"]["replicas"], owner.get("status") or {}
    if wanted < 3:
        return missing(f"statefulset/{name} wants {wanted} pods, not 3", f"kubectl get statefulset {name}")
    current = status.get("observedGeneration") == owner["metadata"].get("generation")
    if current and status.get("readyReplicas", 0) == wanted:
        return holds(f"{wanted} of {wanted} pods of {name} are ready")
    return missing(f"{status.get('readyReplicas', 0)} of {wanted} pods of {name} are ready", "kubectl get pods", soon=True)


def _key_says(obj: Object | None, key: str, word: str) -> Finding:
    """Return whether the value of a ConfigMap's key has a word in it; tells the keys there are."""
    name, data = (obj or {})["metadata"]["name"], (obj or {}).get("data") or {}
    look = f"kubectl get configmap {name} -o yaml"
    if key not in data:
        return missing(f"it has no key {key} (its keys: {', '.join(sorted(data)) or 'none'})", look)
    return say(
        word in str(data[key]), f"its key {key} says {data[key]!r}", f"its key {key} says {data[key]!r}: no {word!r} in it", look
    )


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
    if config:
        room = (config.get("data") or {}).get("ROOM")
        look = "kubectl get configmap chatter -o yaml"
        yield (
            _key_says(config, "ROOM", "")
            if room is None
            else say(room == "lobby", "it says ROOM=lobby", f"its key ROOM says {room!r}, not 'lobby'", look)
        )
    found, deployment = exists(cluster, "deployment/web")
    yield found
    if not deployment:
        return
    yield image_is(first_container(pod_spec(deployment)), "chatter/web")
    yield _comes_from(cluster, deployment, "ROOM", "configmap/chatter", "its own YAML")
    yield rolled_out(deployment)


def _comes_from(cluster: Cluster, deployment: Object, variable: str, wanted: str, yaml: str) -> Finding:
    value, source = _variable(cluster, first_container(pod_spec(deployment)), variable)
    look = f"kubectl get deployment {deployment['metadata']['name']} -o yaml"
    where = {"yaml": yaml, "": "nowhere"}.get(source, source)
    if source != wanted:
        return missing(f"its variable {variable} comes from {where}, not from {wanted}", look)
    wrong = f"its variable {variable} asks for a key that {wanted} does not have"
    return say(bool(value), f"its variable {variable} comes from {wanted}", wrong, look)


def _mounted(spec: Object, path: str) -> Iterator[tuple[Object, Object]]:
    """Yield mount and volume of whatever the first container has at a path or above."""
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or ()}
    for mount in first_container(spec).get("volumeMounts") or ():
        if path == mount["mountPath"].rstrip("/") or path.startswith(mount["mountPath"].rstrip("/") + "/"):
            yield mount, volumes.get(mount["name"], {})


def _paths(volume: Object, config_map: str, key: str) -> set[str]:
    """Return where a key of a ConfigMap is a file in a volume, seen from its root; nothing if it is not in it."""
    parts = [volume, *((volume.get("projected") or {}).get("sources") or ())]
    sources = [part["configMap"] for part in parts if (part.get("configMap") or {}).get("name") == config_map]
    return {
        item["path"] for source in sources for item in source.get("items") or ({"key": key, "path": key},) if item["key"] == key
    }


def _file_is_at(spec: Object, path: str) -> Finding:
    """Return whether the first container sees the key welcome.txt of texts as this file, and whether changes reach it."""
    look = "kubectl get deployment gateway -o yaml"
    for mount, volume in sorted(_mounted(spec, path), key=lambda found: -len(found[0]["mountPath"])):
        below = path.removeprefix(mount["mountPath"].rstrip("/")).strip("/")
        files = _paths(volume, "texts", "welcome.txt")
        if files and "subPath" in mount:
            return missing("it is mounted with subPath: such a file never follows the ConfigMap", look)
        if files and not below:
            wrong = f"a volume is mounted at {path} itself: there it becomes a directory; mount it at /etc/chatter"
            return missing(wrong, look)
        if files:
            wrong = f"it sees the file as {mount['mountPath'].rstrip('/')}/{min(files)}, not as {path}"
            return say(below in files, f"it sees the file as {path}, and changes will reach it", wrong, look)
    return missing("no volume of the ConfigMap texts is mounted at /etc/chatter", look)


def _files(cluster: Cluster) -> Iterator[Finding]:
    found, texts = exists(cluster, "configmap/texts")
    yield found
    if texts:
        yield _key_says(texts, "welcome.txt", "evening")
    found, deployment = exists(cluster, "deployment/gateway")
    yield found
    if not deployment:
        return
    yield image_is(first_container(pod_spec(deployment)), "chatter/gateway")
    yield _file_is_at(pod_spec(deployment), "/etc/chatter/welcome.txt")
    yield rolled_out(deployment)


def _secret(cluster: Cluster) -> Iterator[Finding]:
    found, secret = exists(cluster, "secret/history-db")
    yield found
    password = _key(cluster, "secret", "history-db", "password")
    if secret:
        keys = ", ".join(sorted(secret.get("data") or {})) or "none"
        wrong = "its key password has fewer than 8 characters" if password else f"it has no key password (its keys: {keys})"
        yield say(len(password) >= 8, "its password has at least 8 characters", wrong, "kubectl describe secret history-db")
    found, deployment = exists(cluster, "deployment/rooms")
    yield found
    if not deployment or not secret:
        return
    yield image_is(first_container(pod_spec(deployment)), "chatter/rooms")
    yield _comes_from(cluster, deployment, "DB_PASSWORD", "secret/history-db", "its own YAML, for everybody to read")
    if not password:
        return
    leaks = [m["metadata"]["name"] for m in cluster.list("configmaps") if password in str(m.get("data") or {})]
    yield say(
        not leaks,
        "no ConfigMap has the password",
        f"the password also stands in configmap/{leaks[0] if leaks else ''}",
        "kubectl get configmaps",
    )
    yield rolled_out(deployment)


def _keeper(cluster: Cluster) -> Iterator[Finding]:
    found, claim = exists(cluster, "persistentvolumeclaim/archive")
    yield found
    found, pod = exists(cluster, "pod/keeper")
    yield found
    if claim:
        size = claim["spec"]["resources"]["requests"]["storage"]
        yield say(
            float(parse_quantity(size)) >= 2**30,
            f"the claim asks for {size}",
            f"the claim asks for {size}, less than 1Gi",
            "kubectl get pvc archive",
        )
        phase = (claim.get("status") or {}).get("phase")
        if phase == "Bound":
            yield holds(f"it is bound to {claim['spec'].get('volumeName')}")
        else:
            yield missing(f"the claim is {phase}, not Bound", "kubectl describe pvc archive", soon=True)
    if pod:
        yield image_is(first_container(pod["spec"]), "chatter/history")
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
        f"its serviceName is {owner['spec'].get('serviceName') or 'not set'}; it is the name of the headless Service, history",
        "kubectl get statefulset history -o yaml",
    )
    templates = {t["metadata"]["name"] for t in owner["spec"].get("volumeClaimTemplates") or ()}
    at = {m["name"] for m in first_container(pod_spec(owner)).get("volumeMounts") or () if m["mountPath"].rstrip("/") == "/data"}
    yield say(
        bool(templates & at),
        "every pod gets a volume of its own at /data",
        "no claim of volumeClaimTemplates is mounted at /data",
        "kubectl get statefulset history -o yaml",
    )
    yield _three_ready(owner)


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
        "kubectl get statefulset history -o yaml",
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
    yield _three_ready(owner)


def _all_old(cluster: Cluster) -> str:
    """Bring all pods of history back to version 1.0."""
    owner = cluster.find("statefulsets", "history")
    if owner is None:
        return "There is no statefulset/history: exercise 08.5 makes it."
    containers = [{"name": first_container(pod_spec(owner))["name"], "image": "chatter/history:1.0"}]
    whole = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    body = {"spec": {"updateStrategy": whole, "template": {"spec": {"containers": containers}}}}
    cluster.apps.patch_namespaced_stateful_set("history", cluster.namespace, body)
    return "history goes back to version 1.0, pod by pod."


def _report(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/report")
    yield found
    if not pod:
        return
    yield image_is(first_container(pod["spec"]), "chatter/history")
    claims = [v["persistentVolumeClaim"]["claimName"] for _, v in _mounted(pod["spec"], "/data") if "persistentVolumeClaim" in v]
    yield say(
        bool(claims),
        f"at /data it asks for the claim {', '.join(claims)}",
        "its data at /data is not in a claim",
        "kubectl get pod report -o yaml",
    )
    value, source = _variable(cluster, first_container(pod["spec"]), "MODE")
    wrong = (
        f"MODE asks {source} for a key that it does not have"
        if source.startswith("configmap/")
        else f"MODE does not come from a ConfigMap, but from {'its own YAML' if source == 'yaml' else source or 'nowhere'}"
    )
    right = source.startswith("configmap/") and bool(value)
    yield say(right, f"MODE={value} comes from a ConfigMap", wrong, "kubectl get pod report -o yaml")
    if pod_status(pod) in ("ContainerCreating", "Pending"):
        yield missing(f"pod/report is {pod_status(pod)}", "kubectl describe pod report", soon=True)
    else:
        yield is_ready(pod)


def _report_with(key: str = "mode", storage_class: str | None = None, claim: str = "report") -> Callable[[Cluster], None]:
    """Return what makes the pod report as a colleague wrote it."""

    def inject(cluster: Cluster) -> None:
        for thing in ("pods/report", "persistentvolumeclaims/report", "persistentvolumeclaims/reports", "configmaps/report"):
            resource, _, name = thing.partition("/")
            cluster.delete(resource, name, grace_period=0)
            wait_for(cluster, thing, "deleted")
        cluster.delete("storageclasses", _FAST, "")
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
                "Two objects: one that holds the text, one that asks for it. kubectl create makes both; what connects them?",
                "kubectl set env deployment/web --from=… connects them; in YAML it is envFrom or env.valueFrom of the container.",
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
                "The file's name is the key; the directory is where the volume is mounted. Which names have to be the same?",
                "Take the YAML above. spec.template.spec.volumes names the ConfigMap, volumeMounts of the container the directory. No subPath.",
            ),
            solution='''
lab.kubectl("create configmap texts --from-literal=welcome.txt='Good evening!'")
lab.apply("""
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway}
spec:
  selector: {matchLabels: {app: gateway}}
  template:
    metadata: {labels: {app: gateway}}
    spec:
      volumes: [{name: texts, configMap: {name: texts}}]
      containers:
      - {name: gateway, image: "chatter/gateway:1.0", volumeMounts: [{name: texts, mountPath: /etc/chatter}]}
""")
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
                "kubectl create secret generic …; then kubectl set env --from=secret/… with a --prefix, or valueFrom.secretKeyRef.",
            ),
            solution="""
lab.kubectl("create secret generic history-db --from-literal=password=correct-horse")
lab.kubectl("create deployment rooms --image=chatter/rooms:1.0")
lab.kubectl("set env deployment/rooms --from=secret/history-db --prefix=DB_")
""",
            reason="The key password becomes DB_PASSWORD. The Deployment names Secret and key; whoever reads it does not read the password.",
            owns=("deployment/rooms", "secret/history-db"),
        ),
        Exercise(
            "08.4",
            "Make a claim archive of 1Gi and a pod keeper (chatter/history:1.0) that has it at /data.",
            _keeper,
            (
                "Two objects again: a claim, and a pod whose volume names it. Which of the two says how much?",
                "The claim has accessModes and resources.requests.storage; the pod's volume is persistentVolumeClaim: {claimName: …}.",
            ),
            solution='''
lab.apply("""
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: archive}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: keeper}
spec:
  volumes: [{name: data, persistentVolumeClaim: {claimName: archive}}]
  containers: [{name: main, image: "chatter/history:1.0", volumeMounts: [{name: data, mountPath: /data}]}]
""")
''',
            reason="The claim asks, the StorageClass provides, the binder joins the two; with WaitForFirstConsumer once a pod needs it.",
            owns=("pod/keeper", "persistentvolumeclaim/archive"),
        ),
        Exercise(
            "08.5",
            "Make a StatefulSet history (3 pods of chatter/history:1.0, a volume of its own at /data each) with its headless Service.",
            _history,
            (
                "What do the pods get their claims from, and what their names in DNS? Neither is in the YAML above.",
                "kubectl create service clusterip … --clusterip=None makes the Service; serviceName and volumeClaimTemplates stand in "
                "the StatefulSet's spec, volumeMounts in the container.",
            ),
            solution='''
lab.kubectl("create service clusterip history --clusterip=None --tcp=8080")
claim = "{accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}"
whole = history + "        volumeMounts: [{name: data, mountPath: /data}]"
lab.apply(whole + f"""
  serviceName: history
  volumeClaimTemplates: [{{metadata: {{name: data}}, spec: {claim}}}]
""")
''',
            reason="Each pod has a number; its name, its address in DNS and its claim follow from it, and stay when it is made anew.",
            owns=(
                "statefulset/history",
                "service/history",
                *(f"persistentvolumeclaim/data-history-{number}" for number in range(3)),
            ),
            patience=30,
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
            patience=30,
            begin=_all_old,
        ),
        Exercise(
            "08.7",
            "Make the pod report run: chatter/history, its data in a claim at /data, MODE from a ConfigMap.",
            _report,
            (
                "The pod waits for something that is not there. What does its status or its last event name?",
                "kubectl describe pod,pvc report; lab.why tells, too. Make what is named, or delete the pod and write it right.",
            ),
            solution='''
lab.kubectl("delete pod report --grace-period=1 --wait=false")
lab.wait_for("pod/report", "deleted")
lab.kubectl("delete pvc report")
claim = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: report}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
"""
mode = "env: [{name: MODE, valueFrom: {configMapKeyRef: {name: report, key: mode}}}], volumeMounts"
pod = keeper.replace("keeper", "report").replace("archive", "report")
lab.apply(claim + pod.replace("volumeMounts", mode))
''',
            reason="Pod, claim and ConfigMap name one another by name and key; one letter, and the pod waits for ever.",
            owns=("pod/report", "persistentvolumeclaim/report", "configmap/report"),
            fault="report",
        ),
    ),
    predictions=(
        Prediction(
            "08.a",
            "Both ConfigMaps change. What do the running containers see after a minute and a half?",
            (
                "both new values",
                "the new text in the file, the old value in the variable",
                "both old values, until they are started again",
            ),
            1,
            "A process gets its environment when it starts, and nobody can change it afterwards. A file can be exchanged under it.",
        ),
        Prediction(
            "08.b",
            "How safe is a password in a Secret?",
            (
                "it is encrypted; only the pod can read it",
                "whoever may read Secrets can read it",
                "it is hashed; nobody can read it",
            ),
            1,
            "It is written in base64, and that is spelling, not encryption. What protects it is who may read Secrets (lab 09). "
            "In etcd it is in plain text, too, unless the cluster encrypts its store.",
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
                Option("the class is broken", "That is worth a look only if a pod waits, too."),
                Option("the disk is full", "Then a pod would wait, too, and the claim would have an event of its provisioner."),
            ),
        ),
        Quiz(
            "08.q2",
            "Two pods on two nodes have to write into one volume. Which access mode does its claim ask for?",
            (
                Option("ReadWriteOnce", "Once means one node: the pod on the other node waits."),
                Option("ReadWriteMany", "It takes a driver that can do it, usually a file server.", right=True),
                Option("ReadOnlyMany", "That is many nodes, but nobody writes."),
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
                    _report_with(storage_class=_FAST),
                    f"The claim asked for a StorageClass {_FAST}, which does not exist. The claim stayed Pending, and so did the pod: its "
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
    owns=(f"storageclass/{_FAST}",),
    reading=(
        ("ConfigMaps", "https://kubernetes.io/docs/concepts/configuration/configmap/"),
        ("Secrets", "https://kubernetes.io/docs/concepts/configuration/secret/"),
        ("Persistent volumes", "https://kubernetes.io/docs/concepts/storage/persistent-volumes/"),
        ("Storage classes", "https://kubernetes.io/docs/concepts/storage/storage-classes/"),
        ("StatefulSets", "https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/"),
    ),
)
