"""Pods without a node, and claims without a volume."""

from k8slab.apimachinery.types import Object
from tests.explain.produce.builders import claim, container, daemon_set, deployment, pod, thing, volume
from tests.explain.produce.lab import Lab, Objects, Situation, Step
from tests.explain.produce.rewriting import change, drop_events, status_of

S = Situation
_WORKERS = ("worker-1", "worker-2", "worker-3")
_ZONE = "topology.kubernetes.io/zone"


def _nodes(patch: Object, *names: str) -> Step:
    def step(lab: Lab) -> None:
        for name in names or _WORKERS:
            lab.patch("nodes", name, patch)

    return step


def _cordon(*names: str) -> Step:
    return _nodes({"spec": {"unschedulable": True}}, *names)


def _taint(*names: str, key: str = "team", value: str = "blue", effect: str = "NoSchedule") -> Step:
    return _nodes({"spec": {"taints": [{"key": key, "value": value, "effect": effect}]}}, *names)


def _filled(cpu: str = "3500m", replicas: int = 3) -> Step:
    """Every worker is nearly full."""
    return lambda lab: (lab.create(deployment("filler", replicas=replicas, requests={"cpu": cpu})), lab.after(20))


def _anti(key: str, app: str) -> Object:
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key}]}}  # fmt: skip


def _together(app: str) -> Object:
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": "kubernetes.io/hostname"}]}}  # fmt: skip


def _node_affinity(key: str, *values: str) -> Object:
    term = {"matchExpressions": [{"key": key, "operator": "In", "values": list(values)}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def _crash(*names: str) -> Step:
    def step(lab: Lab) -> None:
        lab.create(thing("sim.k8slab.dev/v1alpha1", "Fault", "crash", {"type": "NodeCrash", "nodes": list(names or _WORKERS)}))
        lab.after(70)

    return step


def _spread(key: str, app: str = "web") -> list[Object]:
    return [
        {"topologyKey": key, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": app}}}
    ]


def _no_nodes(lab: Lab) -> None:
    lab.rewrites.append(lambda objects: [o for o in objects if o["kind"] != "Node"])


def _no_scheduler(lab: Lab) -> None:
    lab.create(thing("sim.k8slab.dev/v1alpha1", "Fault", "off", {"type": "ComponentDown", "component": "kube-scheduler"}))


def _crowded(lab: Lab) -> None:
    """Nodes that hold no more than one pod each, and what the scheduler says of them."""

    def crowd(objects: Objects) -> Objects:
        for obj in objects:
            if obj["kind"] == "Node" and obj["metadata"]["name"] != "control-plane":
                obj["status"]["allocatable"]["pods"] = "1"
                obj["spec"] = {}
        return objects

    lab.rewrites.append(crowd)
    message = "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Too many pods."
    status_of("Pod", "web", lambda s: s["conditions"][0].update(message=message))(lab)


_CPU = "spec.containers[0].resources.requests.cpu"

SCHEDULING = [
    S("more CPU than any node has", "pod/web", f"pod.scheduling.cpu.too-large known pod/web {_CPU}", [pod(requests={"cpu": "64"}), 5]),
    S("more memory than any node has", "pod/web", "pod.scheduling.memory.too-large known pod/web spec.containers[0].resources.requests.memory",
      [pod(requests={"memory": "500Gi"}), 5]),
    S("a Deployment that asks for too much", "deployment/web", "pod.scheduling.cpu.too-large known deployment/web spec.template.spec.containers[0].resources.requests.cpu",
      [deployment(replicas=2, requests={"cpu": "64"}), 5]),
    S("the nodes are full", "pod/web", f"pod.scheduling.cpu.full known pod/web {_CPU}", [_filled(), pod(requests={"cpu": "1"}), 5]),
    S("the larger of two containers", "pod/web", "pod.scheduling.cpu.too-large known pod/web spec.containers[1].resources.requests.cpu",
      [pod(containers=[container(requests={"cpu": "1"}), container(name="big", requests={"cpu": "8"})]), 5]),
    S("an init container that asks for too much", "pod/web", "pod.scheduling.cpu.too-large known pod/web spec.initContainers[0].resources.requests.cpu",
      [pod(initContainers=[container(name="prepare", sh="true", requests={"cpu": "16"})]), 5]),
    S("a device that no node offers", "pod/web", "pod.scheduling.extended-resource.too-large known pod/web spec.containers[0].resources.requests.nvidia.com/gpu",
      [pod(limits={"nvidia.com/gpu": "1"}), 5]),
    S("too much local disk", "pod/web", "pod.scheduling.ephemeral-storage.too-large known pod/web spec.containers[0].resources.requests.ephemeral-storage",
      [pod(requests={"ephemeral-storage": "9Ti"}), 5]),
    S("a node selector that no node has", "pod/web", "pod.scheduling.node-selector known pod/web spec.nodeSelector", [pod(nodeSelector={"disk": "ssd"}), 5]),
    S("a node selector with another value", "pod/web", "pod.scheduling.node-selector known pod/web spec.nodeSelector",
      [_nodes({"metadata": {"labels": {"disk": "hdd"}}}), pod(nodeSelector={"disk": "ssd"}), 5]),
    S("one wrong key of two in a node selector", "pod/web", "pod.scheduling.node-selector known pod/web spec.nodeSelector",
      [_nodes({"metadata": {"labels": {"disk": "ssd"}}}), pod(nodeSelector={"disk": "ssd", "tier": "front"}), 5]),
    S("a Deployment's node selector", "deployment/web", "pod.scheduling.node-selector known deployment/web spec.template.spec.nodeSelector",
      [deployment(nodeSelector={"disk": "ssd"}), 5]),
    S("a node affinity that no node matches", "pod/web",
      "pod.scheduling.node-affinity known pod/web spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution",
      [pod(affinity=_node_affinity(_ZONE, "zone-x")), 5]),
    S("all workers are tainted", "pod/web", "pod.scheduling.taint known pod/web spec.tolerations", [_taint(), pod(), 5]),
    S("the wrong value is tolerated", "pod/web", "pod.scheduling.taint known pod/web spec.tolerations",
      [_taint(), pod(tolerations=[{"key": "team", "value": "red", "effect": "NoSchedule"}]), 5]),
    S("the wanted node is tainted", "pod/web", "pod.scheduling.taint known pod/web spec.tolerations",
      [_nodes({"metadata": {"labels": {"disk": "ssd"}}}, "worker-1"), _taint("worker-1"), pod(nodeSelector={"disk": "ssd"}), 5]),
    S("all workers are cordoned", "pod/web", "pod.scheduling.cordoned known node/worker-1 spec.unschedulable", [_cordon(), pod(), 5]),
    S("the wanted node is cordoned", "pod/web", "pod.scheduling.cordoned known node/worker-2 spec.unschedulable",
      [_nodes({"metadata": {"labels": {"disk": "ssd"}}}, "worker-2"), _cordon("worker-2"), pod(nodeSelector={"disk": "ssd"}), 5]),
    S("all workers are lost", "pod/web", "pod.scheduling.node-not-ready known node/worker-1 spec.taints", [_crash(), pod(), 5]),
    S("a host port that is taken on every worker", "pod/web", "pod.scheduling.host-port known pod/web spec.containers[0].ports[0].hostPort",
      [daemon_set(ports=[{"containerPort": 80, "hostPort": 8080}]), 15, pod(ports=[{"containerPort": 80, "hostPort": 8080}]), 5]),
    S("a Deployment of host ports with more replicas than nodes", "deployment/web",
      "pod.scheduling.host-port known deployment/web spec.template.spec.containers[0].ports[0].hostPort",
      [deployment(replicas=4, ports=[{"containerPort": 80, "hostPort": 8080}]), 20]),
    S("company that is nowhere", "pod/web", "pod.scheduling.pod-affinity known pod/web spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution",
      [pod(affinity=_together("cache")), 5]),
    S("one per node, and too few nodes", "deployment/web",
      "pod.scheduling.pod-anti-affinity known deployment/web spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
      [deployment(replicas=4, affinity=_anti("kubernetes.io/hostname", "web")), 20]),
    S("one per zone, and two zones", "deployment/web",
      "pod.scheduling.pod-anti-affinity known deployment/web spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
      [deployment(replicas=3, affinity=_anti(_ZONE, "web")), 20]),
    S("pods there want no company", "pod/web",
      "pod.scheduling.existing-anti-affinity known deployment/loner spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
      [deployment("loner", replicas=3, affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
          {"labelSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}, "topologyKey": "kubernetes.io/hostname"}]}}), 20, pod(), 5]),
    S("a spread over a label that no node has", "pod/web", "pod.scheduling.spread-label known pod/web spec.topologySpreadConstraints[0]",
      [pod(topologySpreadConstraints=_spread("rack")), 5]),
    S("a spread that a cordoned zone breaks", "deployment/web", "pod.scheduling.cordoned known node/worker-2 spec.unschedulable",
      [_cordon("worker-2"), deployment(replicas=4, topologySpreadConstraints=_spread(_ZONE)), 20]),
    S("as many pods as a node may hold", "pod/web", "pod.scheduling.pods known node/worker-* status.allocatable.pods",
      [_filled("1m", 3), _cordon(), pod(), 5, _crowded]),
    S("a scheduling gate", "pod/web", "pod.scheduling.gated known pod/web spec.schedulingGates", [pod(schedulingGates=[{"name": "example.com/approval"}]), 5]),
    S("a scheduler that nobody runs", "pod/web", "pod.scheduling.no-scheduler likely pod/web spec.schedulerName", [pod(schedulerName="fancy"), 60]),
    S("the scheduler is down", "pod/web", "pod.scheduling.silent likely pod/web spec.schedulerName", [_no_scheduler, pod(), 60]),
    S("a cluster without nodes", "pod/web", "pod.scheduling.no-nodes known pod/web spec.nodeName", [pod(), 5], workers=0),
    S("the selector and the room are both wrong", "pod/web", "pod.scheduling.several known pod/web *",
      [pod(nodeSelector={"disk": "ssd"}, requests={"cpu": "64"}), 5]),
    S("full for some and cordoned for others", "pod/web", f"pod.scheduling.cpu.full known pod/web {_CPU}",
      [_filled(replicas=2), _cordon("worker-1"), pod(requests={"cpu": "3900m"}), 5]),
    S("the nodes cannot be seen", "pod/web", "pod.scheduling.cpu.full likely pod/web spec", [pod(requests={"cpu": "64"}), 5], unseen=("nodes",)),
    S("the nodes cannot be seen, and nothing is told", "pod/web", "unknown unknown pod/web",
      [pod(requests={"cpu": "64"}), 5, drop_events, status_of("Pod", "web", lambda s: s.pop("conditions"))], unseen=("nodes",)),
    S("devices by claims", "pod/web", "unknown unknown pod/web", [pod(requests={"cpu": "64"}), 5, change(
        "Pod", "web", lambda p: p["spec"].update(resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}]))]),
    S("it fits again", "pod/web", "pod.scheduling.retry likely pod/web spec.nodeName",
      [_cordon(), pod(), 15, lambda lab: lab.rewrites.append(lambda objects: [
          {**o, "spec": {k: v for k, v in o["spec"].items() if k not in ("unschedulable",) and not (k == "taints" and o["metadata"]["name"] != "control-plane")}}
          if o["kind"] == "Node" else o for o in objects])]),
]  # fmt: skip


def _uses(name: str = "data") -> dict[str, object]:
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}]}  # fmt: skip


def _class(name: str, mode: str = "Immediate", provisioner: str = "example.com/disk") -> Object:
    return thing("storage.k8s.io/v1", "StorageClass", name, provisioner=provisioner, volumeBindingMode=mode)


def _lose_volume(lab: Lab) -> None:
    name = lab.admin.get("persistentvolumeclaims", "data", "chat")["spec"]["volumeName"]
    lab.patch("persistentvolumes", name, {"metadata": {"finalizers": None}}, "merge")
    lab.delete("persistentvolumes", name)
    lab.after(20)


STORAGE = [
    S("a class that does not exist", "pvc/data", "pvc.class-missing known persistentvolumeclaim/data spec.storageClassName", [claim(storageClassName="fast"), 10]),
    S("a pod whose claim has a class that does not exist", "pod/web", "pvc.class-missing known persistentvolumeclaim/data spec.storageClassName",
      [claim(storageClassName="fast"), pod(**_uses()), 10]),
    S("a pod whose claim does not exist", "pod/web",
      "pod.scheduling.persistentvolumeclaim-missing known pod/web spec.volumes[0].persistentVolumeClaim.claimName", [pod(**_uses()), 10]),
    S("a Deployment whose claim has another name", "deployment/web",
      "pod.scheduling.persistentvolumeclaim-missing known deployment/web spec.template.spec.volumes[0].persistentVolumeClaim.claimName",
      [claim("dat"), deployment(**_uses()), 10]),
    S("a claim that waits for its first user", "pvc/data", "pvc.waiting-for-consumer known persistentvolumeclaim/data spec.storageClassName", [claim(), 10]),
    S("a claim whose pod cannot be placed", "pvc/data", "pvc.waiting-for-consumer known persistentvolumeclaim/data spec.storageClassName",
      [claim(), pod(requests={"cpu": "64"}, **_uses()), 10]),
    S("a provisioner that nobody runs", "pvc/data", "pvc.provisioner-silent likely storageclass/cloud provisioner", [_class("cloud"), claim(storageClassName="cloud"), 30]),
    S("no class at all and no volume", "pvc/data", "pvc.no-volume known persistentvolumeclaim/data spec.storageClassName", [claim(storageClassName=""), 10]),
    S("the volume is too small", "pvc/data", "pvc.no-suitable-volume known persistentvolumeclaim/data spec.resources.requests.storage",
      [volume(size="1Gi"), claim(size="5Gi", storageClassName=""), 10]),
    S("the volume offers another access mode", "pvc/data", "pvc.no-suitable-volume known persistentvolumeclaim/data spec.accessModes",
      [volume(size="5Gi"), claim(modes=("ReadWriteMany",), storageClassName=""), 10]),
    S("the volume is of another class", "pvc/data", "pvc.no-suitable-volume known persistentvolumeclaim/data spec.storageClassName",
      [volume(size="5Gi", storageClassName="manual"), claim(storageClassName=""), 10]),
    S("the selector wants other labels", "pvc/data", "pvc.no-suitable-volume known persistentvolumeclaim/data spec.selector",
      [volume(size="5Gi"), claim(storageClassName="", selector={"matchLabels": {"tier": "gold"}}), 10]),
    S("the volume is taken", "pvc/data", "pvc.no-volume known persistentvolumeclaim/data spec.storageClassName",
      [volume(size="1Gi"), claim("first", storageClassName=""), 10, claim(storageClassName=""), 10]),
    S("a volume of that name does not exist", "pvc/data", "pvc.volume-missing known persistentvolumeclaim/data spec.volumeName",
      [claim(storageClassName="", volumeName="disk"), 10]),
    S("the demanded volume belongs to another claim", "pvc/data", "pvc.volume-taken known persistentvolumeclaim/data spec.volumeName",
      [volume(), claim("first", storageClassName=""), 10, claim(storageClassName="", volumeName="disk"), 10]),
    S("the demanded volume is too small", "pvc/data", "pvc.volume-unsuitable known persistentvolumeclaim/data spec.volumeName",
      [volume(size="1Gi"), claim(size="5Gi", storageClassName="", volumeName="disk"), 10,
       change("PersistentVolumeClaim", "data", lambda c: c["status"].update(phase="Pending")),
       change("PersistentVolume", "disk", lambda v: v["spec"].pop("claimRef", None))]),
    S("the volume is lost", "pvc/data", "pvc.lost known persistentvolumeclaim/data spec.volumeName", [volume(), claim(storageClassName=""), 10, _lose_volume]),
    S("a class without a provisioner", "pvc/data", "pvc.no-volume known persistentvolumeclaim/data spec.storageClassName",
      [_class("local", "Immediate", "kubernetes.io/no-provisioner"), claim(storageClassName="local"), 10]),
    S("a claim that is bound", "pvc/data", "pvc.healthy known persistentvolumeclaim/data status.phase", [claim(), pod(**_uses()), 30]),
    S("a claim that is deleted while a pod uses it", "pvc/data", "finalizer.protection known persistentvolumeclaim/data metadata.finalizers",
      [claim(), pod(**_uses()), 30, lambda lab: lab.delete("persistentvolumeclaims", "data"), 10]),
    S("a volume whose claim is gone", "pv/disk", "pv.released known persistentvolume/disk spec.claimRef",
      [volume(persistentVolumeReclaimPolicy="Retain"), claim(storageClassName=""), 10, lambda lab: lab.delete("persistentvolumeclaims", "data"), 10]),
    S("a volume that nobody wants", "pv/disk", "pv.healthy known persistentvolume/disk status.phase", [volume(), 10]),
    S("a claim whose volume is on a cordoned node", "pod/web", "pod.scheduling.cordoned known node/worker-* spec.unschedulable",
      [claim(), pod("first", **_uses()), 30, lambda lab: lab.patch("nodes", lab.pods("first")[0]["spec"]["nodeName"], {"spec": {"unschedulable": True}}),
       lambda lab: lab.delete("pods", "first", grace_period=0), 10, pod(**_uses()), 5]),
    S("a storage that says no", "pvc/data", "pvc.provisioning-failed likely storageclass/cloud provisioner",
      [_class("cloud"), claim(storageClassName="cloud"), 30, lambda lab: lab.rewrites.append(lambda objects: [
          {**o, "reason": "ProvisioningFailed", "message": 'failed to provision volume with StorageClass "cloud": rpc error: quota exceeded'}
          if o.get("reason") == "ExternalProvisioning" else o for o in objects])]),
]  # fmt: skip
