"""Self-signed certificates for tests of Ingress."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from k8slab.apimachinery.types import Object
from k8slab.sim.network.ingress import Certificate


def certificate_of(host: str) -> Certificate:
    """Make a certificate for a host."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    begin = datetime.now(UTC) - timedelta(1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begin, begin + timedelta(30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificate(made.public_bytes(Encoding.PEM).decode(), private.decode())


def secret(name: str, certificate: Certificate) -> Object:
    """Return the Secret of a certificate."""
    data = {"tls.crt": certificate.chain, "tls.key": certificate.key}
    encoded = {key: b64encode(text.encode()).decode() for key, text in data.items()}
    return {"metadata": {"name": name}, "type": "kubernetes.io/tls", "data": encoded}
