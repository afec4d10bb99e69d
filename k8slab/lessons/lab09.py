"""Lab 09, Security: what its notebook asks, checks and breaks. Syllabus: F1, F2, F3, F5, F8."""

import base64
from collections.abc import Callable, Iterator

from k8slab.apimachinery.types import Object
from k8slab.client import Cluster, apply
from k8slab.client.identities import certificate_names
from k8slab.lessons.exercise import Break, Exercise, Fault, Finding, LabContent, Option, Prediction, Quiz, missing
from k8slab.lessons.judging import condition, exists, image_is, is_ready, say
from k8slab.lessons.permissions import Subject, account, allowed, cannot

__all__ = ["CONTENT"]

_TEAM = "front-team"
_LEVEL = "pod-security.kubernetes.io/enforce"
_CLIENTS = "kubernetes.io/kube-apiserver-client"

_LIN = Subject("lin", "lin", (_TEAM, "system:authenticated"))
_COLLEAGUE = Subject("another member of front-team", "kim", (_TEAM, "system:authenticated"))
_SUPPORT = Subject("the group support", "sam", ("support", "system:authenticated"))

#: What a ServiceAccount that reads has no need of.
_TOO_MUCH = (
    "create pods", "delete pods", "get pods/log", "create pods/exec", "get secrets", "list configmaps",
    "list services", "list pods -n default", "list pods -n kube-system",
)  # fmt: skip


def _certified(cluster: Cluster) -> Iterator[Finding]:
    request = cluster.find("csr", "lin")
    look = "kubectl get csr"
    yield say(request is not None, "the request lin is there", "there is no CertificateSigningRequest lin", look)
    if request is None:
        return
    signer = request["spec"]["signerName"]
    yield say(
        signer == _CLIENTS,
        "it asks the signer of client certificates",
        f"it asks the signer {signer}; certificates for clients of the API server come from {_CLIENTS}",
        "kubectl describe csr lin",
    )
    if condition(request, "Denied") == "True":
        yield missing("it is denied, and that is final: delete it and ask again", look)
        return
    if condition(request, "Failed") == "True":
        yield missing("the signer refused it", "kubectl describe csr lin")
        return
    approved = condition(request, "Approved") == "True"
    yield say(approved, "it is approved", "it is Pending: nobody has approved it", look)
    if not approved:
        return
    encoded = (request.get("status") or {}).get("certificate", "")
    if not encoded:
        yield missing("there is no certificate in its status yet", look, soon=signer == _CLIENTS)
        return
    user, groups = certificate_names(base64.b64decode(encoded).decode())
    wrong = f"the certificate's common name is {user!r}, not 'lin': delete the request and ask again"
    yield say(user == "lin", "the certificate is that of lin", wrong, look)
    yield say(
        groups == (_TEAM,),
        f"it puts her into the group {_TEAM}",
        f"its organizations are {', '.join(groups) or 'none'}; the one group has to be {_TEAM}: delete the request and ask again",
        "kubectl get csr lin -o jsonpath={.status.certificate} | base64 -d | openssl x509 -noout -subject",
    )


def _watcher(cluster: Cluster) -> Iterator[Finding]:
    found, bot = exists(cluster, "serviceaccount/bot")
    yield found
    if bot:
        who = account(cluster, "bot")
        yield from allowed(cluster, who, ("get pods", "list pods", "watch pods"))
        yield from cannot(cluster, who, _TOO_MUCH)


def _one_config_map(cluster: Cluster) -> Iterator[Finding]:
    yield from allowed(cluster, _LIN, ("get configmaps chatter", "patch configmaps chatter", "update configmaps chatter"))
    too_much = ("get configmaps kube-root-ca.crt", "list configmaps", "patch configmaps other", "delete configmaps chatter",
                "create configmaps", "get secrets chatter", "get configmaps chatter -n default")  # fmt: skip
    yield from cannot(cluster, _LIN, too_much)
    yield from cannot(cluster, _COLLEAGUE, ("get configmaps chatter", "patch configmaps chatter"))


def _aggregated(cluster: Cluster) -> Iterator[Finding]:
    whole, part = cluster.find("clusterrole", "chatter-support"), cluster.find("clusterrole", "chatter-support-logs")
    look = "kubectl get clusterroles --show-labels | grep chatter"
    yield say(
        whole is not None,
        "there is the ClusterRole chatter-support",
        "there is no ClusterRole chatter-support: a cell above makes it",
        look,
    )
    yield say(part is not None, "there is chatter-support-logs", "there is no ClusterRole chatter-support-logs", look)
    if not whole or not part:
        return
    selectors = (whole.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()
    yield say(
        bool(selectors),
        "chatter-support is put together from others",
        "chatter-support has no aggregationRule any more",
        "kubectl get clusterrole chatter-support -o yaml",
    )
    labels = part["metadata"].get("labels") or {}
    collected = any((s.get("matchLabels") or {}).items() <= labels.items() for s in selectors)
    yield say(
        collected,
        "it collects chatter-support-logs, too",
        "the labels of chatter-support-logs are not those that chatter-support asks for",
        look,
    )
    if collected:
        yield from allowed(cluster, _SUPPORT, ("list pods", "get pods/log"), "kubectl describe clusterrole chatter-support-logs")
        yield from cannot(cluster, _SUPPORT, ("delete pods", "create pods/exec", "get secrets", "get pods/log -n default"))


def _unbind(kind: str, name: str) -> Callable[[Cluster], str]:
    """Return what takes away all rights of a subject that a learner has given it, under whichever names."""

    def begin(cluster: Cluster) -> str:
        gone = []
        for binding in cluster.list("rolebindings"):
            if (kind, name) in [(subject["kind"], subject["name"]) for subject in binding.get("subjects") or ()]:
                cluster.delete("rolebindings", binding["metadata"]["name"])
                gone.append(f"rolebinding/{binding['metadata']['name']}")
        return f"Taken away: {', '.join(gone)}." if gone else f"No RoleBinding names {name} any more."

    return begin


def _baseline(cluster: Cluster) -> str:
    """Let the namespace enforce again what it did before the exercise."""
    cluster.patch("namespaces", cluster.namespace, {"metadata": {"labels": {_LEVEL: "baseline"}}})
    return "The namespace enforces baseline again."


def _setting(pod: Object, field: str) -> object:
    """Return a field of the security context that holds for the first container: its own, else the pod's."""
    own = pod["spec"]["containers"][0].get("securityContext") or {}
    return own.get(field, (pod["spec"].get("securityContext") or {}).get(field))


def _least(pod: Object) -> Iterator[Finding]:
    """Yield whether a pod's first container gives up what nearly no program needs."""
    name = pod["metadata"]["name"]
    look = f"kubectl get pod {name} -o yaml"
    user, promised = _setting(pod, "runAsUser"), _setting(pod, "runAsNonRoot")
    wrong = (
        "runAsUser is 0, which is root: so it does not start"
        if promised is True
        else "nothing keeps it from running as root: runAsNonRoot is not true"
    )
    yield say(promised is True and user != 0, "it must not run as root", wrong, look)
    escalation = _setting(pod, "allowPrivilegeEscalation")
    yield say(
        escalation is False,
        "it cannot get more rights than it begins with",
        "allowPrivilegeEscalation is not false",
        look,
    )
    capabilities = _setting(pod, "capabilities")
    given = capabilities if isinstance(capabilities, dict) else {}
    yield say(
        "ALL" in (given.get("drop") or ()) and not given.get("add"),
        "all capabilities are dropped",
        "it does not drop ALL capabilities, or adds some again",
        look,
    )


def _read_only(cluster: Cluster) -> Iterator[Finding]:
    found, pod = exists(cluster, "pod/history")
    yield found
    if not pod:
        return
    container = pod["spec"]["containers"][0]
    yield image_is(container, "chatter/history")
    look = "kubectl get pod history -o yaml"
    fixed = _setting(pod, "readOnlyRootFilesystem") is True
    yield say(fixed, "its root file system is read-only", "readOnlyRootFilesystem is not true", look)
    mounts = [m for m in container.get("volumeMounts") or () if m["mountPath"].rstrip("/") == "/data"]
    yield say(bool(mounts), "a volume is mounted at /data", "nothing is mounted at /data", look)
    if mounts:
        volume: Object = next((v for v in pod["spec"]["volumes"] if v["name"] == mounts[0]["name"]), {})
        writable = not mounts[0].get("readOnly") and bool({"emptyDir", "persistentVolumeClaim", "ephemeral"} & volume.keys())
        yield say(writable, "it may write there", "it cannot write to what is mounted at /data", look)
    yield from _least(pod)
    yield is_ready(pod)


def _restricted(cluster: Cluster) -> Iterator[Finding]:
    labels = cluster.get("namespace", cluster.namespace)["metadata"].get("labels") or {}
    level = labels.get(_LEVEL, "privileged")
    yield say(
        level == "restricted",
        "the namespace enforces the level restricted",
        f"the namespace enforces the level {level}, not restricted",
        f"kubectl get namespace {cluster.namespace} --show-labels",
    )
    found, pod = exists(cluster, "pod/gateway")
    yield found
    if not pod:
        return
    yield image_is(pod["spec"]["containers"][0], "chatter/gateway")
    yield from _least(pod)
    profile = _setting(pod, "seccompProfile")
    kind = profile.get("type") if isinstance(profile, dict) else None
    yield say(
        kind in ("RuntimeDefault", "Localhost"),
        "system calls are filtered",
        "it has no seccompProfile: RuntimeDefault is what restricted asks for",
        "kubectl get pod gateway -o yaml",
    )
    yield is_ready(pod)


def _reporting(cluster: Cluster) -> Iterator[Finding]:
    found, reporter = exists(cluster, "serviceaccount/reporter")
    yield found
    if reporter:
        who = account(cluster, "reporter")
        yield from allowed(cluster, who, ("list pods", "list deployments"))
        yield from cannot(cluster, who, (*_TOO_MUCH, "delete deployments", "patch deployments", "list deployments -n default"))


_RULES = ({"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["get", "list", "watch"]},)


def _grant(rules: tuple[Object, ...] = _RULES, role: str = "reporter", namespace: str = "") -> Callable[[Cluster], None]:
    """Return what somebody does to the rights of the ServiceAccount reporter."""

    def inject(cluster: Cluster) -> None:
        for binding in cluster.list("rolebindings"):  # also those of an earlier repair
            named = [(s["kind"], s["name"]) for s in binding.get("subjects") or ()]
            if ("ServiceAccount", "reporter") in named:
                cluster.delete("rolebindings", binding["metadata"]["name"])
        api = "rbac.authorization.k8s.io"
        subject = {"kind": "ServiceAccount", "name": "reporter", "namespace": namespace or cluster.namespace}
        common = {"apiVersion": f"{api}/v1", "metadata": {"name": "reporter"}}
        given = {"subjects": [subject], "roleRef": {"apiGroup": api, "kind": "Role", "name": role}}
        account_ = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reporter"}}
        for thing in (account_, {**common, "kind": "Role", "rules": [*rules]}, {**common, "kind": "RoleBinding", **given}):
            apply(cluster, thing, manager="colleague", force=True)

    return inject


CONTENT = LabContent(
    "09",
    "Security",
    exercises=(
        Exercise(
            "09.1",
            "Give lin, of the group front-team, a client certificate: a CertificateSigningRequest lin, approved and signed.",
            _certified,
            (
                "Who is lin, and who says so? Think of the three steps: ask, approve, sign. The last one happens by itself.",
                'certificate_request("lin", [...]) makes key and request; the group is in the request. Then kubectl certificate approve.',
            ),
            solution="""
lin_key, asked = certificate_request("lin", ["front-team"])
lab.apply(signing_request("lin", asked))
lab.kubectl("certificate approve lin")
""",
            reason="The request carries name and group; the approval is a decision of yours; the controller manager signs with the CA.",
            owns=("csr/lin",),
        ),
        Exercise(
            "09.2",
            "The ServiceAccount bot may get, list and watch pods in your namespace, and nothing else.",
            _watcher,
            (
                "A right needs two objects: one that says what may be done, and one that says who may do it.",
                "kubectl create role … --verb=get,list,watch --resource=pods; kubectl create rolebinding … --serviceaccount=NAMESPACE:bot.",
            ),
            solution="""
lab.kubectl("create serviceaccount bot")
lab.kubectl("create role pod-watcher --verb=get,list,watch --resource=pods")
lab.kubectl(f"create rolebinding bot --role=pod-watcher --serviceaccount={lab.namespace}:bot")
""",
            reason="A Role ends at its namespace. Subresources such as pods/log and pods/exec are rights of their own.",
            owns=("rolebinding/bot", "role/pod-watcher", "serviceaccount/bot"),
            begin=_unbind("ServiceAccount", "bot"),
        ),
        Exercise(
            "09.3",
            "lin, and nobody else of her team, may get, patch and update the ConfigMap chatter, and no other one.",
            _one_config_map,
            (
                "A rule can be narrower than a kind of object.",
                "A rule may have resourceNames; kubectl create role has an option for it. It cannot work with create: why?",
            ),
            solution="""
lab.kubectl("create role chatter-config --verb=get,patch,update --resource=configmaps --resource-name=chatter")
lab.kubectl("create rolebinding lin --role=chatter-config --user=lin")
""",
            reason="resourceNames compares with the name in the request's address. What is created has none there, and a plain list has none.",
            owns=("rolebinding/lin", "role/chatter-config"),
            begin=_unbind("User", "lin"),
        ),
        Exercise(
            "09.4",
            "With a new ClusterRole chatter-support-logs, chatter-support also reads logs of pods; it is not edited itself.",
            _aggregated,
            (
                "Which ClusterRoles does chatter-support collect? Look at its aggregationRule.",
                "A ClusterRole with that label and a rule for pods/log (verb get). A controller copies the rule.",
            ),
            solution='''
lab.apply("""
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: chatter-support-logs, labels: {chatter.example/part-of: support}}
rules: [{apiGroups: [""], resources: [pods/log], verbs: [get]}]
""")
''',
            reason="The ClusterRole aggregation controller writes the rules of all roles with the label into chatter-support.",
            owns=("clusterrole/chatter-support-logs",),
        ),
        Exercise(
            "09.5",
            "Run the pod history with a read-only root, never as root, without capabilities; only /data can be written.",
            _read_only,
            (
                "What does the program need to write, and where else can that be than in the root file system?",
                "securityContext of the container: readOnlyRootFilesystem, runAsNonRoot, allowPrivilegeEscalation, capabilities. "
                "An emptyDir at /data.",
            ),
            solution='''
lab.apply("""
apiVersion: v1
kind: Pod
metadata: {name: history}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: history
    image: chatter/history:1.0
    securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, emptyDir: {}}]
""")
''',
            reason="An intruder cannot change the program or leave tools beside it; fsGroup lets the user write to the volume.",
            owns=("pod/history",),
        ),
        Exercise(
            "09.6",
            "Your namespace enforces the level restricted, and a pod gateway of chatter/gateway:1.0 that keeps to it is Ready.",
            _restricted,
            (
                "The refusal names every field that is missing.",
                f"kubectl label namespace … {_LEVEL}=restricted; four settings in the pod's and the container's securityContext.",
            ),
            solution='''
lab.kubectl(f"label namespace {lab.namespace} pod-security.kubernetes.io/enforce=restricted --overwrite")
lab.apply("""
apiVersion: v1
kind: Pod
metadata: {name: gateway}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: gateway
    image: chatter/gateway:1.0
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
""")
''',
            reason="restricted asks for exactly these four. The image says a user other than root by number, so runAsNonRoot is enough.",
            owns=("pod/gateway",),
            begin=_baseline,
        ),
        Exercise(
            "09.7",
            "Repair the rights of the ServiceAccount reporter: it lists pods and Deployments of your namespace, nothing more.",
            _reporting,
            (
                "Go along the chain: subject, binding, role, rule. Each name has to be the right one.",
                'lab.why("can sa/reporter list deployments") and kubectl describe rolebinding,role reporter. A roleRef cannot be changed.',
            ),
            solution="""
lab.kubectl("delete rolebinding,role reporter")
lab.kubectl("create role reporter --verb=get,list,watch --resource=pods,deployments.apps")
lab.kubectl(f"create rolebinding reporter --role=reporter --serviceaccount={lab.namespace}:reporter")
""",
            reason="The subject is named with its namespace, Deployments are of the group apps, and the Role exists.",
            fault="forbidden",
        ),
    ),
    predictions=(
        Prediction(
            "09.a",
            "The API server knows zoe by her certificate; no binding names her. What does kubectl get pods say for her?",
            ("401 Unauthorized", "403 Forbidden", "an empty list"),
            1,
            "401: I do not know who you are. 403: I know you, but you may not. RBAC only allows; what nobody allows is refused.",
        ),
        Prediction(
            "09.b",
            "A token is bound to a pod. The pod is deleted; the token would be good for 50 minutes more. Does it still work?",
            ("yes, until its end", "no"),
            1,
            "The API server looks whether the pod still exists. A stolen token of a pod dies with the pod.",
        ),
        Prediction(
            "09.c",
            "zoe may create Roles and RoleBindings, and read pods. She makes a Role that may read Secrets. What happens?",
            ("it is made", "it is refused", "it is made, but gives nothing"),
            1,
            "Nobody can give away by a Role what they do not have themselves, unless they have the verb escalate on roles.",
        ),
        Prediction(
            "09.d",
            "A pod runs as root. Now its namespace gets the label enforce=restricted. What happens to the pod?",
            ("it is deleted", "it is restarted as another user", "nothing"),
            2,
            "Admission looks at requests that come in. What runs already goes on; kubectl only warns about it.",
        ),
        Prediction(
            "09.e",
            "In that namespace you make a Deployment whose pods would run as root. What happens?",
            ("the Deployment is refused", "the Deployment is made, its pods are not"),
            1,
            "enforce looks at pods only. The ReplicaSet asks for them and is refused; its events say why. warn and audit look at templates.",
        ),
    ),
    quizzes=(
        Quiz(
            "09.q1",
            "lin leaves the company. Her certificate is good for a year. What ends her rights today?",
            (
                Option(
                    "deleting her CertificateSigningRequest",
                    "That was only the way to it; the certificate stays as good as before.",
                ),
                Option(
                    "revoking the certificate",
                    "The API server reads no list of revoked certificates. So let them be short-lived.",
                ),
                Option(
                    "deleting every binding that names her or her group",
                    "Then the certificate still says who she is, but allows nothing. The group has to get its rights in another way.",
                    right=True,
                ),
            ),
        ),
        Quiz(
            "09.q2",
            "Two teams share a cluster, each in a namespace of its own. What do namespaces alone keep apart?",
            (
                Option(
                    "names, and what Roles and quotas are about", "Rights, quotas and names end at the namespace.", right=True
                ),
                Option("the network", "Every pod reaches every pod, unless a NetworkPolicy says otherwise: lab 07."),
                Option("the nodes", "Pods of both teams share nodes and their kernel: so limit what pods may do (Pod Security)."),
            ),
        ),
    ),
    faults=(
        Fault(
            "09.forbidden",
            "Ops write: the reporter, which counts our pods and Deployments, says forbidden since somebody tidied up its rights.",
            (
                Break(
                    _grant(namespace="default"),
                    "The RoleBinding named the ServiceAccount reporter of the namespace default, which is somebody else.",
                ),
                Break(
                    _grant(rules=({"apiGroups": [""], "resources": ["pods", "deployments"], "verbs": ["get", "list", "watch"]},)),
                    'The rule named deployments in the group "". They are in the group apps. Nobody complains about such a rule.',
                ),
                Break(
                    _grant(role="reporters"),
                    "The RoleBinding referred to a Role reporters that does not exist. Its roleRef cannot be changed: it is made anew.",
                ),
                Break(
                    _grant(rules=({"apiGroups": ["", "apps"], "resources": ["pods", "deployment"], "verbs": ["get", "list"]},)),
                    "The rule named deployment instead of deployments: resources are named in the plural, as in the address.",
                ),
            ),
            exercise="09.7",
        ),
    ),
    syllabus=("F1", "F2", "F3", "F5", "F8"),
    owns=(
        "csr/zoe",
        "csr/guest",
        "csr/lin",
        "clusterrole/chatter-support",
        "clusterrole/chatter-support-pods",
        "clusterrole/chatter-support-logs",
    ),
    needs=("admin",),
    reading=(
        ("Authenticating", "https://kubernetes.io/docs/reference/access-authn-authz/authentication/"),
        ("Certificate signing requests", "https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/"),
        ("Using RBAC authorization", "https://kubernetes.io/docs/reference/access-authn-authz/rbac/"),
        ("RBAC good practices", "https://kubernetes.io/docs/concepts/security/rbac-good-practices/"),
        ("Pod Security Standards", "https://kubernetes.io/docs/concepts/security/pod-security-standards/"),
        ("Configure a security context", "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/"),
        ("Multi-tenancy", "https://kubernetes.io/docs/concepts/security/multi-tenancy/"),
    ),
)
