"""DefaultIngressClass and the plugins around certificates: who may approve and sign, and what nobody may ask for.

Upstream: plugin/pkg/admission/network/defaultingressclass and plugin/pkg/admission/certificates/{approval,signing,
subjectrestriction}.
"""

from base64 import b64decode

from k8slab.apimachinery.types import annotations, name_of
from k8slab.sim.apiserver.admission.indexes import DefaultClass
from k8slab.sim.apiserver.admission.request import AdmissionRequest, Plugin
from k8slab.sim.apiserver.authorization import Attributes, Authorizer
from k8slab.sim.client import Client

__all__ = ["CertificateApproval", "CertificateSubjectRestriction", "DefaultIngressClass"]

_CSR = "certificatesigningrequests.certificates.k8s.io"
_CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
_SIGNER_VERBS = {"approval": "approve", "status": "sign"}


class DefaultIngressClass(Plugin):
    """Gives an Ingress without a class the default one."""

    def __init__(self, client: Client) -> None:
        self._defaults = DefaultClass(client, "ingressclasses.networking.k8s.io", "ingressclass.kubernetes.io/is-default-class")

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """New Ingresses."""
        return (resource, subresource, operation) == ("ingresses.networking.k8s.io", "", "CREATE")

    def admit(self, request: AdmissionRequest) -> None:
        """Set ``ingressClassName``."""
        ingress = request.new
        if ingress["spec"].get("ingressClassName") is None and "kubernetes.io/ingress.class" not in annotations(ingress):
            for default in self._defaults.all()[:1]:
                ingress["spec"]["ingressClassName"] = name_of(default)


class CertificateApproval(Plugin):
    """Lets only those approve or sign a request whom RBAC allows to for its signer."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """The approval and status of certificate signing requests."""
        return resource == _CSR and subresource in _SIGNER_VERBS and operation == "UPDATE"

    def validate(self, request: AdmissionRequest) -> None:
        """Ask for the verb on the signer, by its name or its domain."""
        old, new = request.old, request.new
        if request.subresource == "status" and _certificate(old) == _certificate(new):
            return
        verb, signer = _SIGNER_VERBS[request.subresource], old["spec"]["signerName"]
        names = (signer, f"{signer.partition('/')[0]}/*")
        questions = [Attributes(request.user, verb, "certificates.k8s.io", "*", "signers", "", "", name) for name in names]
        if not any(self._authorizer.authorize(question).allowed for question in questions):
            raise request.forbidden(f'user not permitted to {verb} requests with signerName "{signer}"')


def _certificate(obj: dict[str, object]) -> object:
    status = obj.get("status")
    return status.get("certificate") if isinstance(status, dict) else None


class CertificateSubjectRestriction(Plugin):
    """Refuses requests for a client certificate of group system:masters."""

    def handles(self, resource: str, subresource: str, operation: str) -> bool:
        """New certificate signing requests."""
        return (resource, subresource, operation) == (_CSR, "", "CREATE")

    def validate(self, request: AdmissionRequest) -> None:
        """Look into the request's subject."""
        spec = request.new["spec"]
        if spec.get("signerName") != _CLIENT_SIGNER:
            return
        from cryptography import x509
        from cryptography.x509.oid import NameOID

        try:
            subject = x509.load_pem_x509_csr(b64decode(spec.get("request", ""))).subject
        except ValueError as error:
            raise request.forbidden(f"failed to parse CSR: {error}") from error
        if any(a.value == "system:masters" for a in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)):
            raise request.forbidden(f"use of {_CLIENT_SIGNER} signer with system:masters group is not allowed")
