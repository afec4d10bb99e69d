"""How others verify ServiceAccount tokens: the issuer's OpenID configuration and its public keys.

Upstream: pkg/serviceaccount/openidmetadata.go and pkg/routes/openidmetadata.go. RBAC lets ServiceAccounts read both.
"""

from base64 import urlsafe_b64encode
from hashlib import sha256

from k8slab.apimachinery.types import Object
from k8slab.sim.apiserver.authentication.claims import ISSUER

__all__ = ["CONFIGURATION_PATH", "KEYS_PATH", "configuration", "key_id", "key_set"]

CONFIGURATION_PATH = "/.well-known/openid-configuration"
KEYS_PATH = "/openid/v1/jwks"


def configuration(address: str) -> Object:
    """Return the issuer's description, as seen at an address of the API server.

    >>> configuration("10.96.0.1:443")["jwks_uri"]
    'https://10.96.0.1:443/openid/v1/jwks'
    """
    return {
        "issuer": ISSUER,
        "jwks_uri": f"https://{address}{KEYS_PATH}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }


def key_set(public_key: bytes) -> Object:
    """Return the public key (PEM, EC P-256) as a set of JSON Web Keys."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(public_key)
    assert isinstance(key, EllipticCurvePublicKey)
    numbers = key.public_numbers()
    point = {name: _base64(number.to_bytes(32, "big")) for name, number in (("x", numbers.x), ("y", numbers.y))}
    return {"keys": [{"use": "sig", "kty": "EC", "kid": key_id(public_key), "crv": "P-256", "alg": "ES256", **point}]}


def key_id(public_key: bytes) -> str:
    """Return the name of a key, as tokens have it in their header."""
    return _base64(sha256(public_key).digest())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
