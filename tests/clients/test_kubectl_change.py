"""``kubectl apply``, ``diff``, ``edit``, ``patch``, ``label``, ``annotate``, ``replace``, ``set``, ``delete``."""

import json
from pathlib import Path

import pytest

from tests.clients.manifests import CONFIG, DEPLOYMENT, SERVICE, SLEEPER
from tests.processes import Kubectl, eventually


def test_apply(kubectl: Kubectl) -> None:
    both = f"{DEPLOYMENT}---\n{SERVICE}"
    assert kubectl("apply", "-f", "-", stdin=both).lines == ["deployment.apps/web created", "service/web created"]
    assert kubectl("apply", "-f", "-", stdin=both).lines == ["deployment.apps/web unchanged", "service/web unchanged"]
    changed = both.replace("replicas: 2", "replicas: 1")
    assert kubectl("apply", "-f", "-", stdin=changed).lines == ["deployment.apps/web configured", "service/web unchanged"]
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").out == "1"


def test_apply_removes_what_left_the_manifest(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=CONFIG)
    kubectl("patch", "configmap", "settings", "-p", '{"data":{"mine":"1"}}')
    kubectl("apply", "-f", "-", stdin=CONFIG.replace(", size: small", ""))
    assert json.loads(kubectl("get", "configmap", "settings", "-o", "jsonpath={.data}").out) == {"colour": "blue", "mine": "1"}


def test_apply_to_a_created_object_warns(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CONFIG)
    assert kubectl("apply", "-f", "-", stdin=CONFIG).err.startswith(
        "Warning: resource configmaps/settings is missing the kubectl.kubernetes.io/last-applied-configuration annotation"
    )


def test_server_side_apply(kubectl: Kubectl) -> None:
    assert kubectl("apply", "--server-side", "-f", "-", stdin=CONFIG).out == "configmap/settings serverside-applied\n"
    other = CONFIG.replace("colour: blue", "colour: red")
    assert kubectl.fails("apply", "--server-side", "--field-manager=other", "-f", "-", stdin=other) == (
        'error: Apply failed with 1 conflict: conflict with "kubectl": .data.colour\n'
        "Please review the fields above--they currently have other managers. Here\n"
        "are the ways you can resolve this warning:\n"
        "* If you intend to manage all of these fields, please re-run the apply\n"
        "  command with the `--force-conflicts` flag.\n"
        "* If you do not intend to manage all of the fields, please edit your\n"
        "  manifest to remove references to the fields that should keep their\n"
        "  current managers.\n"
        "* You may co-own fields by updating your manifest to match the existing\n"
        "  value; in this case, you'll become the manager if the other manager(s)\n"
        "  stop managing the field (remove it from their configuration).\n"
        "See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts"
    )
    kubectl("apply", "--server-side", "--field-manager=other", "--force-conflicts", "-f", "-", stdin=other)
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.colour}").out == "red"
    managers = json.loads(kubectl("get", "configmap", "settings", "-o", "json", "--show-managed-fields").out)
    owned = {m["manager"]: sorted(m["fieldsV1"]["f:data"]) for m in managers["metadata"]["managedFields"]}
    assert owned == {"kubectl": ["f:size"], "other": ["f:colour", "f:size"]}
    assert all(m["operation"] == "Apply" for m in managers["metadata"]["managedFields"])


def test_server_side_apply_of_a_deployment_twice_changes_nothing(kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT)
    before = kubectl("get", "deploy", "web", "-o", "jsonpath={.metadata.generation}").out
    kubectl("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT)
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.metadata.generation}").out == before == "1"


def test_diff(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=DEPLOYMENT)
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")  # its status is no difference any more
    same = kubectl.try_("diff", "-f", "-", stdin=DEPLOYMENT)
    assert (same.code, same.out) == (0, "")
    other = kubectl.try_("diff", "-f", "-", stdin=DEPLOYMENT.replace("replicas: 2", "replicas: 3"))
    assert other.code == 1
    changed = [line for line in other.lines if line[0] in "+-" and not line.startswith(("+++", "---"))]
    assert changed == ["-  generation: 1", "+  generation: 2", "-  replicas: 2", "+  replicas: 3"]
    new = kubectl.try_("diff", "--server-side", "-f", "-", stdin=CONFIG)
    assert new.code == 1
    assert "+  colour: blue" in new.lines


def editor(directory: Path, script: str) -> str:
    path = directory / "editor"
    path.write_text(f'#!/bin/sh\nsed -i "{script}" "$1"\n')
    path.chmod(0o755)
    return str(path)


def test_edit(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("create", "-f", "-", stdin=CONFIG)
    edited = kubectl("edit", "configmap", "settings", KUBE_EDITOR=editor(tmp_path, "s/colour: blue/colour: green/"))
    assert edited.out == "configmap/settings edited\n"
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.colour}").out == "green"
    same = kubectl("edit", "configmap", "settings", KUBE_EDITOR="true")
    assert same.err == "Edit cancelled, no changes made.\n"


def test_edit_of_a_deployment(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("create", "-f", "-", stdin=DEPLOYMENT)
    kubectl("edit", "deployment", "web", KUBE_EDITOR=editor(tmp_path, "s/replicas: 2/replicas: 1/"))
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").out == "1"
    refused = kubectl.try_("edit", "deployment", "web", KUBE_EDITOR=editor(tmp_path, "s/replicas: 1/replicas: -1/"))
    assert refused.code == 1
    assert refused.err.startswith('error: deployments.apps "web" is invalid\nA copy of your changes has been stored to "')
    copy = Path(refused.err.split('"')[3]).read_text()
    assert '# deployments.apps "web" was not valid:\n' in copy
    assert "# * spec.replicas: Invalid value: -1: must be greater than or equal to 0\n" in copy


def test_three_patch_types(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=DEPLOYMENT)
    strategic = '{"spec":{"template":{"spec":{"containers":[{"name":"side","image":"busybox:1.36","command":["sleep","60"]}]}}}}'
    assert kubectl("patch", "deployment", "web", "-p", strategic).out == "deployment.apps/web patched\n"
    names = "jsonpath={.spec.template.spec.containers[*].name}"
    assert sorted(kubectl("get", "deploy", "web", "-o", names).out.split()) == ["nginx", "side"]
    merge = '{"spec":{"template":{"spec":{"containers":[{"name":"one","image":"nginx:1.27"}]}}}}'
    kubectl("patch", "deployment", "web", "--type=merge", "-p", merge)
    assert kubectl("get", "deploy", "web", "-o", names).out == "one"
    operations = '[{"op":"replace","path":"/spec/replicas","value":0},{"op":"test","path":"/spec/paused","value":true}]'
    assert "the server rejected our request due to an error in our request" in kubectl.fails(
        "patch", "deployment", "web", "--type=json", "-p", operations
    )
    kubectl("patch", "deployment", "web", "--type=json", "-p", '[{"op":"replace","path":"/spec/replicas","value":0}]')
    unchanged = (
        "deployment.apps/web patched (no change)\n"  # as soon as its controller does not write between kubectl's two looks
    )
    eventually(lambda: kubectl("patch", "deployment", "web", "-p", "{}").out == unchanged)
    kubectl("patch", "deployment", "web", "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":1}}')
    assert kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}").out == "1"


def test_an_immutable_field(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=DEPLOYMENT)
    said = kubectl.fails("patch", "deployment", "web", "-p", '{"spec":{"selector":{"matchLabels":{"app":"x"}}}}')
    assert said.startswith('The Deployment "web" is invalid: ')
    assert 'spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable' in said


def test_a_pod_s_command_is_immutable(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=SLEEPER)
    said = kubectl.fails("apply", "-f", "-", stdin=SLEEPER.replace("3600", "7200"))
    assert said.startswith(
        'The Pod "sleeper" is invalid: spec: Forbidden: pod updates may not change fields other than '
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
        "(allow it to be set to 1 if it was previously negative)"
    )


def test_labels_and_annotations(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CONFIG)
    assert kubectl("label", "configmap", "settings", "tier=front").out == "configmap/settings labeled\n"
    assert kubectl.fails("label", "configmap", "settings", "tier=back") == (
        "error: 'tier' already has a value (front), and --overwrite is false"
    )
    kubectl("label", "configmap", "settings", "tier=back", "--overwrite")
    assert kubectl("label", "configmap", "settings", "tier-").out == "configmap/settings unlabeled\n"
    assert kubectl("annotate", "configmap", "settings", "note=a b c").out == "configmap/settings annotated\n"
    meta = json.loads(kubectl("get", "configmap", "settings", "-o", "json").out)["metadata"]
    assert "labels" not in meta
    assert meta["annotations"] == {"note": "a b c"}
    assert kubectl.fails("label", "configmap", "settings", "a b=c").startswith(
        'The ConfigMap "settings" is invalid: metadata.labels: Invalid value: "a b": name part must consist of alphanumeric'
    )


def test_replace_and_conflict(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CONFIG)
    stale = kubectl("get", "configmap", "settings", "-o", "yaml").out
    assert kubectl("replace", "-f", "-", stdin=CONFIG.replace("blue", "red")).out == "configmap/settings replaced\n"
    assert kubectl.fails("replace", "-f", "-", stdin=stale) == (
        'Error from server (Conflict): error when replacing "STDIN": Operation cannot be fulfilled on configmaps "settings": '
        "the object has been modified; please apply your changes to the latest version and try again"
    )


def test_set(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=DEPLOYMENT)
    assert kubectl("set", "image", "deployment/web", "nginx=nginx:1.26").out == "deployment.apps/web image updated\n"
    assert kubectl("set", "env", "deployment/web", "COLOUR=blue").out == "deployment.apps/web env updated\n"
    kubectl("set", "resources", "deployment/web", "--requests=cpu=10m,memory=16Mi", "--limits=cpu=1")
    container = json.loads(kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.template.spec.containers[0]}").out)
    assert container["image"] == "nginx:1.26"
    assert container["env"] == [{"name": "COLOUR", "value": "blue"}]
    assert container["resources"] == {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"cpu": "1"}}


def test_delete(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CONFIG)
    assert kubectl("delete", "configmap", "settings").out == f'configmap "settings" deleted from {kubectl.namespace} namespace\n'
    assert kubectl.fails("delete", "configmap", "settings") == ('Error from server (NotFound): configmaps "settings" not found')
    assert kubectl("delete", "configmap", "settings", "--ignore-not-found").out == ""
    for name in ("a", "b"):
        kubectl("create", "configmap", name)
    kubectl("delete", "configmaps", "--all")
    assert eventually(lambda: kubectl("get", "configmaps", "-o", "name").out == "configmap/kube-root-ca.crt\n")


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_cascade(kubectl: Kubectl, cascade: str) -> None:
    kubectl("create", "-f", "-", stdin=DEPLOYMENT.replace("    spec:\n", "    spec:\n      terminationGracePeriodSeconds: 0\n"))
    kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    kubectl("delete", "deployment", "web", f"--cascade={cascade}", "--timeout=60s")

    def left() -> list[str]:
        return [name.split("/")[0] for name in kubectl("get", "rs,pods", "-o", "name").lines]

    if cascade == "orphan":
        assert left() == ["replicaset.apps", "pod", "pod"]
        assert kubectl("get", "rs", "-o", "jsonpath={.items[0].metadata.ownerReferences}").out == ""
    else:
        eventually(lambda: not left())


def test_force_delete(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=SLEEPER)
    gone = kubectl("delete", "pod", "sleeper", "--grace-period=0", "--force")
    assert gone.err.startswith("Warning: Immediate deletion does not wait for confirmation")
    assert kubectl.fails("get", "pod", "sleeper") == 'Error from server (NotFound): pods "sleeper" not found'


def test_a_finalizer_holds_an_object(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CONFIG.replace("name: settings", "name: settings, finalizers: [example.com/hold]"))
    kubectl("delete", "configmap", "settings", "--wait=false")
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.metadata.deletionTimestamp}").out
    kubectl("patch", "configmap", "settings", "--type=json", "-p", '[{"op":"remove","path":"/metadata/finalizers"}]')
    kubectl.fails("get", "configmap", "settings")
