"""Default classes, finalizers, growing claims, certificates."""

from base64 import b64encode

import pytest

from k8slab.sim.apiserver.authentication import UserInfo
from k8slab.sim.apiserver.errors import StatusError

CSR = "certificatesigningrequests.certificates.k8s.io"


def _claim(size="1Gi", phase="Bound", **spec):
    meta = {"name": "data", "namespace": "chat"}
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": meta,
        "spec": {**spec, "resources": {"requests": {"storage": size}}},
        "status": {"phase": phase},
    }


def _class(name, created, default=True, **more):
    meta = {"name": name, "creationTimestamp": created}
    meta |= {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}} if default else {}
    return {"kind": "StorageClass", "metadata": meta, **more}


def test_the_newest_default_class_is_taken(admit, client):
    client.add(
        _class("a", "2026-01-01T00:00:00Z"), _class("b", "2026-01-02T00:00:00Z"), _class("c", "2026-01-03T00:00:00Z", False)
    )
    assert admit("CREATE", "persistentvolumeclaims", _claim()).new["spec"]["storageClassName"] == "b"


@pytest.mark.parametrize("own", ["", "slow"])
def test_a_claim_that_names_a_class_even_none_keeps_it(admit, client, own):
    client.add(_class("a", "2026-01-01T00:00:00Z"))
    assert admit("CREATE", "persistentvolumeclaims", _claim(storageClassName=own)).new["spec"]["storageClassName"] == own


def test_claims_and_volumes_are_protected(admit):
    assert admit("CREATE", "persistentvolumeclaims", _claim()).new["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    volume = {"kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {}}
    assert admit("CREATE", "persistentvolumes", volume).new["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]


@pytest.mark.parametrize(
    ("phase", "growing", "text"),
    [
        ("Bound", True, None),
        ("Pending", True, "Only bound persistent volume claims can be expanded"),
        ("Bound", False, "only dynamically provisioned pvc can be resized"),
    ],
)
def test_growing_a_claim(admit, client, phase, growing, text):
    client.add(_class("fast", "2026-01-01T00:00:00Z", allowVolumeExpansion=growing))
    old, new = (_claim(size, phase, storageClassName="fast") for size in ("1Gi", "2Gi"))
    if text is None:
        admit("UPDATE", "persistentvolumeclaims", new, old)
    else:
        with pytest.raises(StatusError, match=text):
            admit("UPDATE", "persistentvolumeclaims", new, old)


def test_an_ingress_gets_the_default_class(admit, client):
    marked = {"ingressclass.kubernetes.io/is-default-class": "true"}
    client.add({"kind": "IngressClass", "metadata": {"name": "nginx", "annotations": marked}})
    ingress = {"kind": "Ingress", "metadata": {"name": "web", "namespace": "chat"}, "spec": {}}
    assert admit("CREATE", "ingresses.networking.k8s.io", ingress).new["spec"] == {"ingressClassName": "nginx"}


def test_approving_needs_the_verb_on_the_signer(admit):
    request = {"kind": "CertificateSigningRequest", "metadata": {"name": "jane"}, "spec": {"signerName": "example.com/web"}}
    admit("UPDATE", CSR, request, request, subresource="approval")
    with pytest.raises(StatusError) as caught:
        admit("UPDATE", CSR, request, request, subresource="approval", user=UserInfo("jane"))
    assert caught.value.message.endswith('user not permitted to approve requests with signerName "example.com/web"')


def test_nobody_asks_for_a_certificate_of_the_masters(admit):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters")])
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    pem = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    spec = {"signerName": "kubernetes.io/kube-apiserver-client", "request": b64encode(pem).decode()}
    with pytest.raises(StatusError, match="with system:masters group is not allowed"):
        admit("CREATE", CSR, {"kind": "CertificateSigningRequest", "metadata": {"name": "x"}, "spec": spec})
