"""The certificates of the lessons: for one host, with the key that belongs to them."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from k8slab.lessons.certificates import tls_secret


def test_a_certificate_is_for_its_host_and_belongs_to_its_key() -> None:
    secret = tls_secret("chatter-tls", "chatter.localhost")
    certificate = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))
    key = load_pem_private_key(base64.b64decode(secret["data"]["tls.key"]), None)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["chatter.localhost"]
    assert certificate.public_key() == key.public_key()
    certificate.verify_directly_issued_by(certificate)
    assert secret["type"] == "kubernetes.io/tls"
