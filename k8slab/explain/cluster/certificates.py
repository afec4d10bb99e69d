"""A CertificateSigningRequest that has no certificate yet.

Upstream: pkg/controller/certificates; signers of other names are somebody else's.
"""

from k8slab.apimachinery.types import Object, name_of
from k8slab.explain.answer import KNOWN, LIKELY, Answer, Confidence, Evidence
from k8slab.explain.wording import clause, condition
from k8slab.explain.world import World

__all__ = ["DIAGNOSERS"]

_SIGNERS = ("kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving",
            "kubernetes.io/legacy-unknown")  # fmt: skip


def _request(world: World, request: Object) -> Answer:
    name, signer = name_of(request), request["spec"].get("signerName", "")
    label = f"certificatesigningrequest/{name}"

    def say(verdict: str, text: str, field: str, change: str, command: str = "", sure: Confidence = KNOWN) -> Answer:
        seen = (
            Evidence(f"{label} spec.signerName", signer),
            Evidence(f"{label} spec.username", request["spec"].get("username", "")),
        )
        return Answer(f"csr.{verdict}", text, label, field, "", sure, seen, change, command or f"kubectl describe csr {name}")

    denied, failed, approved = (condition(request, kind) for kind in ("Denied", "Failed", "Approved"))
    if denied:
        return say(
            "denied",
            f"{label} was denied: {clause(denied.get('message') or denied.get('reason') or 'no reason is given')}.",
            "status.conditions[Denied]",
            "Make a new request that its approver accepts.",
        )
    if failed:
        return say("failed", f"{label} was approved, but its signer refuses: {clause(failed.get('message', ''))}.", "spec.usages",
                   "Ask for usages and a subject that the signer allows.")  # fmt: skip
    if not approved:
        return say("pending", f"{label} waits for approval: nobody has approved or denied it.", "status.conditions[Approved]",
                   "Look whether it is from whom it says, then approve it.", f"kubectl certificate approve {name}")  # fmt: skip
    if (request.get("status") or {}).get("certificate"):
        return say("healthy", f"{label} is approved and its certificate is issued.", "status.certificate", "")
    if signer not in _SIGNERS:
        return say("no-signer", f"{label} is approved, and nobody has signed it: {signer!r} is no signer of Kubernetes itself.",
                   "spec.signerName", "Correct signerName, or run that signer.", sure=LIKELY)  # fmt: skip
    return say("not-signed", f"{label} is approved and not signed yet.", "status.certificate",
               "Wait; if it stays so, look at kube-controller-manager.", sure=LIKELY)  # fmt: skip


DIAGNOSERS = (_request,)
