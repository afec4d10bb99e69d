"""The cluster's certificates and keys, made afresh for each cluster.

Real component: what ``kubeadm init phase certs`` and ``phase kubeconfig`` leave in /etc/kubernetes. One CA signs the
server's and the clients' certificates; ServiceAccount tokens have a key of their own. Simplified: no front-proxy and etcd
CAs; every certificate lasts as long as the CA, since nothing here renews one.
"""

import os
import shutil
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from k8slab.errors import K8slabError
from k8slab.sim.apiserver.certificates import KeyPair, certificate, client_certificate, new_key, subject

__all__ = ["ADMIN_GROUP", "KeyPair", "Pki", "client_certificate", "ensure_pki", "kubeconfig", "write_private"]

ADMIN_GROUP = "kubeadm:cluster-admins"


@dataclass(frozen=True)
class Pki:
    """What `ensure_pki` made or found.

    Attributes
    ----------
    directory
        Holds ``ca``, ``apiserver``, ``admin`` and ``super-admin``, each as ``.crt`` and ``.key``, and ``sa.key``, ``sa.pub``.
    ca, serving, admin, super_admin
        The pairs; admin is in `ADMIN_GROUP`, super_admin in ``system:masters``.
    account_key, account_public_key
        Sign and verify ServiceAccount tokens (ES256).
    """

    directory: Path
    ca: KeyPair
    serving: KeyPair
    admin: KeyPair
    super_admin: KeyPair
    account_key: bytes
    account_public_key: bytes

    @property
    def serving_files(self) -> tuple[Path, Path]:
        """Paths of the server's certificate and key, for `ssl.SSLContext.load_cert_chain`."""
        return self.directory / "apiserver.crt", self.directory / "apiserver.key"

    @property
    def ca_file(self) -> Path:
        """Path of the CA certificate, for `ssl.SSLContext.load_verify_locations`."""
        return self.directory / "ca.crt"


_PAIRS = ("ca", "apiserver", "admin", "super-admin")
_FILES = (*(f"{name}.{end}" for name in _PAIRS for end in ("crt", "key")), "sa.key", "sa.pub")


def ensure_pki(directory: Path) -> Pki:
    """Return the certificates in a directory; make them, all at once, if there is no such directory yet.

    Raises
    ------
    K8slabError
        If the directory is there and a file is missing.
    """
    if not directory.exists():
        _create(directory)
    missing = [name for name in _FILES if not (directory / name).exists()]
    if missing:
        raise K8slabError(f'certificate directory "{directory}" lacks "{missing[0]}": remove the directory to have all made anew')
    files = {name: (directory / name).read_bytes() for name in _FILES}
    ca, serving, admin, super_admin = (KeyPair(files[f"{name}.crt"], files[f"{name}.key"]) for name in _PAIRS)
    return Pki(directory, ca, serving, admin, super_admin, files["sa.key"], files["sa.pub"])


def _create(directory: Path) -> None:
    draft = directory.with_name(f".{directory.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700, parents=True)
    for name, content in _generate().items():
        if name.endswith(".key"):
            write_private(draft / name, content)
        else:
            (draft / name).write_bytes(content)
    draft.rename(directory)


def _generate() -> dict[str, bytes]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID

    ca_key, ca_pem = new_key()
    ca = certificate(subject("kubernetes"), ca_key, None, ca_key, None)
    files = {"ca.crt": ca.public_bytes(serialization.Encoding.PEM), "ca.key": ca_pem}
    pair = KeyPair(files["ca.crt"], files["ca.key"])
    serving, files["apiserver.key"] = new_key()
    server = certificate(subject("kube-apiserver"), serving, ca, ca_key, ExtendedKeyUsageOID.SERVER_AUTH)
    files["apiserver.crt"] = server.public_bytes(serialization.Encoding.PEM)
    for name, user, group in (
        ("admin", "kubernetes-admin", ADMIN_GROUP),
        ("super-admin", "kubernetes-super-admin", "system:masters"),
    ):
        client = client_certificate(pair, user, [group])
        files |= {f"{name}.crt": client.certificate, f"{name}.key": client.key}
    account, files["sa.key"] = new_key()
    encoding, layout = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    files["sa.pub"] = account.public_key().public_bytes(encoding, layout)
    return files


_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters:
- name: {name}
  cluster:
    server: {server}
    certificate-authority-data: {ca}
users:
- name: {user}
  user:
    client-certificate-data: {certificate}
    client-key-data: {key}
contexts:
- name: {name}
  context:
    cluster: {name}
    user: {user}
current-context: {name}
"""


def kubeconfig(server: str, ca: bytes, client: KeyPair, name: str = "k8slab", user: str = "kubernetes-admin") -> str:
    """Return the text of a kubeconfig with everything embedded; `write_private` puts it on disk."""
    data = {"ca": ca, "certificate": client.certificate, "key": client.key}
    texts = {key: b64encode(value).decode() for key, value in data.items()}
    return _KUBECONFIG.format(server=server, name=name, user=user, **texts)


def write_private(path: Path, content: bytes | str) -> None:
    """Write a file that only its owner may read, at once or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    draft.replace(path)
