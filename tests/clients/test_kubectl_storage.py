"""Claims, volumes and what pods keep in them, through kubectl."""

from tests.processes import Kubectl, eventually

CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: db}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: busybox:1.36
    command: [sleep, "3600"]
    volumeMounts: [{name: data, mountPath: /data}]
  volumes:
  - name: data
    persistentVolumeClaim: {claimName: data}
"""


def test_a_new_pod_reads_what_the_old_one_wrote_and_the_volume_goes_with_the_claim(kubectl: Kubectl) -> None:
    assert ["standard", "(default)", "rancher.io/local-path", "Delete", "WaitForFirstConsumer", "false"] in [
        row[:6] for row in kubectl("get", "storageclass").rows
    ]
    kubectl("create", "-f", "-", stdin=CLAIM)
    eventually(lambda: "waiting for first consumer" in kubectl("describe", "pvc", "data").out)
    assert kubectl("get", "pvc", "data", "-o", "jsonpath={.status.phase}").out == "Pending"
    kubectl("create", "-f", "-", stdin=POD)
    kubectl("wait", "pod/db", "--for=condition=Ready", "--timeout=60s")
    kubectl("exec", "db", "--", "sh", "-c", "echo x > /data/f")
    kubectl("delete", "pod", "db")
    kubectl("create", "-f", "-", stdin=POD)
    kubectl("wait", "pod/db", "--for=condition=Ready", "--timeout=60s")
    assert kubectl("exec", "db", "--", "cat", "/data/f").out == "x\n"
    volume = kubectl("get", "pvc", "data", "-o", "jsonpath={.spec.volumeName}").out
    assert kubectl("get", "pv", volume, "-o", "jsonpath={.status.phase}").out == "Bound"
    kubectl("delete", "pod/db", "pvc/data")
    eventually(lambda: "NotFound" in kubectl.try_("get", "pv", volume).err)
