"""``kubectl create …`` in all its forms, ``run``, ``expose`` and invalid manifests."""

import json

import pytest

from tests.clients.manifests import CONFIG, DEPLOYMENT
from tests.processes import Kubectl, eventually

CREATED = [
    ("configmap settings --from-literal=a=1", "configmap/settings created"),
    ("secret generic s --from-literal=a=1", "secret/s created"),
    ("secret docker-registry s --docker-server=r --docker-username=u --docker-password=p", "secret/s created"),
    ("serviceaccount robot", "serviceaccount/robot created"),
    ("deployment web --image=nginx:1.27 --replicas=2 --port=80", "deployment.apps/web created"),
    ("job once --image=busybox:1.36 -- true", "job.batch/once created"),
    ("cronjob often --image=busybox:1.36 --schedule=*/5_*_*_*_* -- true", "cronjob.batch/often created"),
    ("service clusterip web --tcp=80:8080", "service/web created"),
    ("service nodeport web --tcp=80", "service/web created"),
    ("service loadbalancer web --tcp=80", "service/web created"),
    ("service externalname web --external-name=example.com", "service/web created"),
    ("ingress web --rule=example.com/*=web:80", "ingress.networking.k8s.io/web created"),
    ("role reader --verb=get,list --resource=pods,pods/log", "role.rbac.authorization.k8s.io/reader created"),
    ("rolebinding readers --clusterrole=view --user=jane", "rolebinding.rbac.authorization.k8s.io/readers created"),
    ("quota limits --hard=cpu=1,pods=3", "resourcequota/limits created"),
    ("poddisruptionbudget web --selector=app=web --min-available=1", "poddisruptionbudget.policy/web created"),
]


@pytest.mark.parametrize(("words", "said"), CREATED, ids=[words.split(" --")[0].replace(" ", "-") for words, _ in CREATED])
def test_create(kubectl: Kubectl, words: str, said: str) -> None:
    arguments = [word.replace("_", " ") for word in words.split()]
    assert kubectl("create", *arguments).out.strip() == said
    again = kubectl.fails("create", *arguments)
    assert again.startswith("error: failed to create ") or again.startswith("Error from server (AlreadyExists): ")
    assert again.endswith(f'"{said.split("/")[1].split()[0]}" already exists')


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("clusterrole {} --verb=get --resource=nodes", "clusterrole.rbac.authorization.k8s.io/{} created"),
        ("clusterrolebinding {} --clusterrole=view --group=class", "clusterrolebinding.rbac.authorization.k8s.io/{} created"),
        ("priorityclass {} --value=1000", "priorityclass.scheduling.k8s.io/{} created"),
        ("namespace {}", "namespace/{} created"),
    ],
)
def test_create_cluster_scoped(kubectl: Kubectl, words: str, said: str) -> None:
    name = f"{kubectl.namespace}-x"
    kind = words.split()[0]
    assert kubectl("create", *words.format(name).split()).out.strip() == said.format(name)
    assert kubectl("delete", kind, name).out.split()[-1] == "deleted"


def test_create_deployment_stores_what_upstream_stores(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx:1.27", "--replicas=3", "--port=80")
    web = json.loads(kubectl("get", "deployment", "web", "-o", "json").out)
    assert web["metadata"]["labels"] == {"app": "web"}
    assert web["spec"]["selector"] == {"matchLabels": {"app": "web"}}
    assert web["spec"]["replicas"] == 3
    assert web["spec"]["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    (container,) = web["spec"]["template"]["spec"]["containers"]
    assert container == {
        "name": "nginx",
        "image": "nginx:1.27",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 80, "protocol": "TCP"}],
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }


def test_create_token(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot", "--duration=1h").out.strip()
    assert len(token.split(".")) == 3
    who = kubectl("auth", "whoami", "--token", token, "--kubeconfig", anonymous_kubeconfig(kubectl), "-o", "json").out
    assert json.loads(who)["status"]["userInfo"]["username"] == f"system:serviceaccount:{kubectl.namespace}:robot"


def anonymous_kubeconfig(kubectl: Kubectl) -> str:
    """A kubeconfig of the same server without credentials."""
    config = json.loads(kubectl("config", "view", "--raw", "-o", "json").out)
    config["users"] = [{"name": user["name"], "user": {}} for user in config["users"]]
    path = kubectl.home / "anonymous"
    path.write_text(json.dumps(config))
    return str(path)


def test_token_of_a_missing_account(kubectl: Kubectl) -> None:
    assert kubectl.fails("create", "token", "nobody") == ('error: failed to create token: serviceaccounts "nobody" not found')


def test_create_from_a_file(kubectl: Kubectl) -> None:
    assert kubectl("create", "-f", "-", stdin=CONFIG).out == "configmap/settings created\n"
    assert kubectl.fails("create", "-f", "-", stdin=CONFIG) == (
        'Error from server (AlreadyExists): error when creating "STDIN": configmaps "settings" already exists'
    )


def test_generate_name(kubectl: Kubectl) -> None:
    made = kubectl("create", "-f", "-", stdin=CONFIG.replace("name: settings", "generateName: settings-")).out
    name = made.split()[0].removeprefix("configmap/settings-")
    assert len(name) == 5
    assert set(name) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_into_a_missing_namespace(kubectl: Kubectl) -> None:
    assert kubectl.fails("create", "configmap", "x", "--namespace", "nowhere") == (
        'error: failed to create configmap: namespaces "nowhere" not found'
    )


def test_dry_run_on_the_server_stores_nothing(kubectl: Kubectl) -> None:
    made = kubectl("create", "deployment", "web", "--image=nginx:1.27", "--dry-run=server", "-o", "json").out
    assert json.loads(made)["metadata"]["uid"]
    assert json.loads(made)["spec"]["progressDeadlineSeconds"] == 600
    assert kubectl.fails("get", "deployment", "web") == 'Error from server (NotFound): deployments.apps "web" not found'


INVALID = {
    "a Deployment without a selector": (
        DEPLOYMENT.replace("  selector: {matchLabels: {app: web}}\n", ""),
        'The Deployment "web" is invalid: \n'
        "* spec.selector: Required value\n"
        '* spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
    ),
    "a selector that does not match": (
        DEPLOYMENT.replace("matchLabels: {app: web}", "matchLabels: {app: other}"),
        'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: '
        "`selector` does not match template `labels`",
    ),
    "a bad name": (
        CONFIG.replace("name: settings", "name: Settings"),
        'The ConfigMap "Settings" is invalid: metadata.name: Invalid value: "Settings": a lowercase RFC 1123 subdomain must '
        "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character "
        "(e.g. 'example.com', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    ),
    "no image": (
        DEPLOYMENT.replace("        image: nginx:1.27\n", ""),
        'The Deployment "web" is invalid: spec.template.spec.containers[0].image: Required value',
    ),
    "an unknown field": (
        DEPLOYMENT.replace("replicas: 2", "replica: 2"),
        'Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" cannot be handled as a '
        'Deployment: strict decoding error: unknown field "spec.replica"',
    ),
    "a wrong type": (
        DEPLOYMENT.replace("replicas: 2", 'replicas: "2"'),
        'Error from server (BadRequest): error when creating "STDIN": Deployment in version "v1" cannot be handled as a '
        "Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
    ),
    "an unknown kind": (
        "apiVersion: apps/v1\nkind: Deploymant\nmetadata: {name: web}\n",
        'error: resource mapping not found for name: "web" namespace: "" from "STDIN": no matches for kind "Deploymant" '
        'in version "apps/v1"\nensure CRDs are installed first',
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", INVALID)
def test_invalid(kubectl: Kubectl, case: str) -> None:
    manifest, said = INVALID[case]
    assert kubectl.fails("create", "-f", "-", stdin=manifest) == said


def test_run_and_expose(kubectl: Kubectl) -> None:
    assert kubectl("run", "web", "--image=nginx:1.27", "--port=80", "--labels=app=web").out == "pod/web created\n"
    assert kubectl("expose", "pod", "web", "--port=80").out == "service/web exposed\n"
    assert kubectl("get", "service", "web", "-o", "jsonpath={.spec.selector}").out == '{"app":"web"}'
    kubectl("wait", "pod/web", "--for=condition=Ready", "--timeout=60s")


def test_run_and_remove(kubectl: Kubectl) -> None:
    run = kubectl("run", "once", "--image=busybox:1.36", "--restart=Never", "--rm", "-i", "--quiet", "--", "echo", "hello")
    assert run.out.strip() == "hello"
    eventually(lambda: kubectl("get", "pods", "-o", "name").out == "")  # it is told to go, and kubectl does not wait for that


def test_expose_a_deployment(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=nginx:1.27")
    assert kubectl.fails("expose", "deployment", "web") == ("error: couldn't find port via --port flag or introspection")
    kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080", "--type=NodePort")
    port = json.loads(kubectl("get", "service", "web", "-o", "json").out)["spec"]["ports"][0]
    assert (port["port"], port["targetPort"], port["protocol"]) == (80, 8080, "TCP")
    assert 30000 <= port["nodePort"] <= 32767
