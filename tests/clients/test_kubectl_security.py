"""Security with the real kubectl: who one is, what one may do, and what a container may."""

import base64
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.processes import Kubectl, eventually

SIGNER = "kubernetes.io/kube-apiserver-client"


def signing_request(
    kubectl: Kubectl, user: str, *groups: str, signer: str = SIGNER, usage: str = "client auth"
) -> tuple[str, bytes]:
    """Ask for a certificate; return the object's name and the private key (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, g) for g in groups]
    subject = x509.Name([*names, x509.NameAttribute(NameOID.COMMON_NAME, user)])
    pem = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    encoded = base64.b64encode(pem.public_bytes(serialization.Encoding.PEM)).decode()
    name = f"{user.replace(':', '-')}-{kubectl.namespace}"
    spec = {"request": encoded, "signerName": signer, "usages": [usage], "expirationSeconds": 86400}
    body = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": name}, "spec": spec}
    kubectl("create", "-f", "-", stdin=json.dumps(body))
    form = serialization.PrivateFormat.PKCS8
    return name, key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def certificate_of(kubectl: Kubectl, name: str) -> bytes:
    return base64.b64decode(kubectl("get", "csr", name, "-o", "jsonpath={.status.certificate}").out)


def test_a_certificate_is_asked_for_approved_and_becomes_a_kubeconfig(kubectl: Kubectl, tmp_path: Path) -> None:
    name, key = signing_request(kubectl, "anna", "team-a")
    assert kubectl("get", "csr", name, "--no-headers").rows[0][2:] == [SIGNER, "kubernetes-admin", "24h", "Pending"]
    assert certificate_of(kubectl, name) == b""
    kubectl("certificate", "approve", name)
    certificate = eventually(lambda: certificate_of(kubectl, name))
    found = x509.load_pem_x509_certificate(certificate)
    usages = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usages) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert 86400 <= (found.not_valid_after_utc - found.not_valid_before_utc).total_seconds() <= 86400 + 300
    (tmp_path / "anna.crt").write_bytes(certificate)
    (tmp_path / "anna.key").write_bytes(key)
    anna = Kubectl(tmp_path / "kubeconfig", tmp_path, kubectl.namespace)
    anna.kubeconfig.write_bytes(kubectl.kubeconfig.read_bytes())
    files = ["--client-certificate", str(tmp_path / "anna.crt"), "--client-key", str(tmp_path / "anna.key")]
    anna("config", "set-credentials", "anna", *files, "--embed-certs")
    cluster = anna("config", "view", "-o", "jsonpath={.clusters[0].name}").out
    anna("config", "set-context", "anna", "--cluster", cluster, "--user", "anna")
    anna("config", "use-context", "anna")
    assert ["Username", "anna"] in anna("auth", "whoami").rows
    where = f'in API group "" in the namespace "{kubectl.namespace}"'
    refused = f'Error from server (Forbidden): pods is forbidden: User "anna" cannot list resource "pods" {where}'
    assert refused in anna.fails("get", "pods")
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods")
    kubectl("create", "rolebinding", "team-a", "--role=reader", "--group=team-a")
    assert "No resources found" in anna("get", "pods").err
    assert ["pods", "[]", "[]", "[get", "list]"] in anna("auth", "can-i", "--list").rows


def test_a_denied_request_gets_no_certificate(kubectl: Kubectl) -> None:
    name, _ = signing_request(kubectl, "eve")
    kubectl("certificate", "deny", name)
    assert kubectl("get", "csr", name, "--no-headers").rows[0][-1] == "Denied"
    assert "is already Denied" in kubectl.fails("certificate", "approve", name)
    assert certificate_of(kubectl, name) == b""


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"usage": "server auth"}, "usages did not match signer"),
        ({"signer": f"{SIGNER}-kubelet"}, "subject organization is not system:nodes"),
    ],
)
def test_a_signer_says_why_it_signs_nothing(kubectl: Kubectl, more: dict[str, str], why: str) -> None:
    name, _ = signing_request(kubectl, "carl", **more)
    kubectl("certificate", "approve", name)
    failed = "jsonpath={.status.conditions[?(@.type=='Failed')].message}"
    assert eventually(lambda: kubectl("get", "csr", name, "-o", failed).out) == why


def test_nobody_gets_a_certificate_of_the_masters(kubectl: Kubectl) -> None:
    with pytest.raises(AssertionError, match="signer with system:masters group is not allowed"):
        signing_request(kubectl, "mallory", "system:masters")


def review(kubectl: Kubectl, token: str, *audiences: str) -> dict[str, object]:
    spec = {"token": token, **({"audiences": list(audiences)} if audiences else {})}
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
    status: dict[str, object] = json.loads(kubectl("create", "-o", "json", "-f", "-", stdin=json.dumps(body)).out)["status"]
    return status


def test_a_token_is_for_its_audience_and_ends_with_its_account(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot", "--duration=700s", "--audience=vault").out.strip()
    user = f"system:serviceaccount:{kubectl.namespace}:robot"
    assert review(kubectl, token, "vault", "other")["audiences"] == ["vault"]
    assert "is invalid for the target audiences" in str(review(kubectl, token)["error"])
    plain = kubectl("create", "token", "robot").out.strip()
    assert review(kubectl, plain)["user"]["username"] == user  # type: ignore[index]
    bare = f"--kubeconfig={_without_certificate(kubectl)}"
    assert ["Username", user] in kubectl("auth", "whoami", "--token", plain, bare).rows
    kubectl("delete", "serviceaccount", "robot")
    assert 'serviceaccounts "robot" not found' in str(review(kubectl, plain)["error"])


def test_others_can_check_tokens_by_the_published_keys(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot", "--audience=vault").out.strip()
    configuration = json.loads(kubectl("get", "--raw", "/.well-known/openid-configuration").out)
    assert configuration["jwks_uri"].endswith("/openid/v1/jwks")
    keys = jwt.PyJWKSet.from_dict(json.loads(kubectl("get", "--raw", "/openid/v1/jwks").out))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    algorithms = configuration["id_token_signing_alg_values_supported"]
    claims = jwt.decode(token, key, algorithms=algorithms, audience="vault", issuer=configuration["issuer"])
    assert claims["sub"] == f"system:serviceaccount:{kubectl.namespace}:robot"


def test_each_decision_names_its_binding_and_its_rule(kubectl: Kubectl) -> None:
    kubectl("create", "role", "reader", "--verb=list", "--resource=pods")
    kubectl("create", "rolebinding", "joe", "--role=reader", "--user=joe")
    kubectl("get", "pods", "--as=joe")
    kubectl.fails("get", "secrets", "--as=joe")
    here = [e for e in audit_log(kubectl) if e.get("impersonatedUser", {}).get("username") == "joe"]
    decided = {e["objectRef"]["resource"]: e for e in here if e.get("objectRef", {}).get("namespace") == kubectl.namespace}
    notes = decided["pods"]["annotations"]
    assert notes["authorization.k8s.io/decision"] == "allow"
    reason = f'RBAC: allowed by RoleBinding "joe/{kubectl.namespace}" of Role "reader" to User "joe"'
    assert notes["authorization.k8s.io/reason"] == reason
    assert json.loads(notes["sim.k8slab.dev/rule"]) == {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
    assert decided["secrets"]["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert decided["secrets"]["responseStatus"]["code"] == 403


def audit_log(kubectl: Kubectl) -> list[dict[str, Any]]:
    path = "/api/v1/nodes/control-plane/proxy/logs/kubernetes/audit.log"
    return [json.loads(line) for line in kubectl("get", "--raw", path).lines]


def test_who_is_turned_away_at_the_door_is_in_the_audit_log(kubectl: Kubectl) -> None:
    bare = f"--kubeconfig={_without_certificate(kubectl)}"
    refused = kubectl.fails("get", "pods", "--token=nonsense", bare)
    assert "You must be logged in to the server (Unauthorized)" in refused or "provide credentials" in refused
    path = f"/api/v1/namespaces/{kubectl.namespace}/pods"
    (event,) = [e for e in audit_log(kubectl) if e["requestURI"].startswith(path) and e["responseStatus"]["code"] == 401]
    assert (event["user"], event["responseStatus"]["message"]) == ({}, "Authentication failed, attempted: bearer")
    assert "annotations" not in event


def test_impersonation_shows_who_one_would_be_and_needs_the_right_to_it(kubectl: Kubectl) -> None:
    rows = kubectl("auth", "whoami", "--as=joe", "--as-group=devs", "--as-uid=7").rows
    assert rows[1:] == [["Username", "joe"], ["UID", "7"], ["Groups", "[devs", "system:authenticated]"]]
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot").out.strip()
    robot = f"system:serviceaccount:{kubectl.namespace}:robot"
    refused = kubectl.fails("get", "pods", "--token", token, "--as=joe", f"--kubeconfig={_without_certificate(kubectl)}")
    assert f'users "joe" is forbidden: User "{robot}" cannot impersonate resource "users" in API group ""' in refused


def _without_certificate(kubectl: Kubectl) -> Path:
    """A kubeconfig that knows the cluster only, so that a token is what counts."""
    path = kubectl.home / "bare-kubeconfig"
    bare = Kubectl(path, kubectl.home, kubectl.namespace)
    path.write_bytes(kubectl.kubeconfig.read_bytes())
    bare("config", "unset", "users")
    return path


def test_reconcile_adds_what_is_missing_and_takes_away_only_when_told(kubectl: Kubectl) -> None:
    head = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n"
    role = (
        head
        + f"metadata: {{name: r, namespace: {kubectl.namespace}}}\n"
        + "rules: [{apiGroups: [''], resources: [pods], verbs: [%s]}]\n"
    )
    verbs = ["get", "role", "r", "-o", "jsonpath={.rules[*].verbs[*]}"]
    kubectl("auth", "reconcile", "-f", "-", stdin=role % "get")
    kubectl("auth", "reconcile", "-f", "-", stdin=role % "list")
    assert sorted(kubectl(*verbs).out.split()) == ["get", "list"]
    kubectl("auth", "reconcile", "--remove-extra-permissions", "-f", "-", stdin=role % "list")
    assert kubectl(*verbs).out == "list"


RESTRICTED = """\
apiVersion: v1
kind: Pod
metadata: {name: tight}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, seccompProfile: {type: RuntimeDefault}}
  volumes: [{name: v, emptyDir: {}}]
  containers:
  - name: main
    image: busybox:1.37
    command: [sleep, "3600"]
    volumeMounts: [{name: v, mountPath: /v}]
    securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
"""


def test_pod_security_refuses_warns_and_looks_at_what_is_there(kubectl: Kubectl) -> None:
    kubectl("run", "old", "--image=nginx")
    told = kubectl("label", "namespace", kubectl.namespace, "pod-security.kubernetes.io/enforce=restricted").err
    assert (
        f'existing pods in namespace "{kubectl.namespace}" violate the new PodSecurity enforce level "restricted:latest"' in told
    )
    refused = kubectl.fails("run", "new", "--image=nginx")
    assert 'pods "new" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false' in refused
    assert "would violate" not in kubectl("create", "deployment", "d", "--image=nginx").err
    kubectl("create", "-f", "-", stdin=RESTRICTED)


def test_a_security_context_is_seen_from_inside(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=RESTRICTED)
    kubectl("wait", "pod/tight", "--for=condition=Ready", "--timeout=60s")

    def inside(script: str) -> str:
        return kubectl("exec", "tight", "--", "sh", "-c", f"({script}) 2>&1; true").out

    assert inside("id") == "uid=1000 gid=3000 groups=2000,3000\n"
    assert inside("touch /x") == "touch: /x: Read-only file system\n"
    assert inside("touch /v/f; stat -c '%u:%g' /v/f") == "1000:2000\n"
    limits = inside("grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status")
    assert limits == "CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n"
    who = kubectl("get", "pod", "tight", "-o", "jsonpath={.status.containerStatuses[0].user.linux}").out
    assert json.loads(who) == {"uid": 1000, "gid": 3000, "supplementalGroups": [2000, 3000]}


def test_an_image_that_runs_as_root_is_not_started_under_run_as_non_root(kubectl: Kubectl) -> None:
    override = '{"spec": {"securityContext": {"runAsNonRoot": true}}}'
    kubectl("run", "web", "--image=nginx:1.29", f"--overrides={override}")
    reason = "jsonpath={.status.containerStatuses[0].state.waiting.reason}"
    assert eventually(lambda: kubectl("get", "pod", "web", "-o", reason).out == "CreateContainerConfigError")
    assert "container has runAsNonRoot and image will run as root" in kubectl("describe", "pod", "web").out


def test_scheduler_and_controller_manager_hold_leases(kubectl: Kubectl) -> None:
    found = {row[0]: row[1] for row in kubectl("get", "leases", "-n", "kube-system", "--no-headers").rows}
    assert found["kube-scheduler"].startswith("control-plane_")
    assert found["kube-controller-manager"].startswith("control-plane_")
