"""A kind cluster as a `Source`.

Clusters that we make and clusters that were there before are told apart by a small file beside our kubeconfig, so that
`Kind.down` deletes the former and only lets go of the latter. The user's own kubeconfig is not touched: kind is always
told to write to ours.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import ClassVar

from k8slab.cluster.kind.addons import install
from k8slab.cluster.kind.chatter import build
from k8slab.cluster.kind.program import OLDEST, engines, kind_version, run
from k8slab.cluster.source import MANAGED_BY, Progress, Source
from k8slab.cluster.state import default_state
from k8slab.errors import K8slabError

__all__ = ["Kind", "kind_folder"]

_PROVIDER = "KIND_EXPERIMENTAL_PROVIDER"


def kind_folder() -> Path:
    """Return the folder of our kubeconfigs of kind clusters, beside the embedded cluster's state."""
    state = default_state()
    return state.with_name(f"{state.name}-kind")


class Kind(Source):
    """A kind cluster.

    Parameters
    ----------
    name
        Its name, as in ``kind get clusters``.
    folder
        Where our kubeconfig of it goes; None for the default place.
    """

    kind: ClassVar[str] = "kind"

    def __init__(self, name: str = "k8slab", folder: Path | None = None) -> None:
        self.name = name
        self.context = f"kind-{name}"
        self._folder = folder or kind_folder()

    @property
    def _kept(self) -> Path:
        return self._folder / f"{self.name}.kubeconfig"

    @property
    def _record(self) -> Path:
        return self._folder / f"{self.name}.json"

    @property
    def kubeconfig(self) -> Path:
        """Our kubeconfig of the cluster."""
        if not self._kept.exists():
            raise K8slabError(f'k8slab does not use a kind cluster "{self.name}" yet; "k8slab up --cluster {self}" does')
        return self._kept

    def running(self) -> bool:
        """Whether we have its kubeconfig and its API server answers."""
        if not self._kept.exists():
            return False
        try:
            cluster = self.connect()
            cluster.request("GET", "/version")
        except Exception:
            return False
        cluster.close()
        return True

    def up(
        self, config: Path | None = None, progress: Progress | None = None, *, image: str | None = None, ready_seconds: int = 180
    ) -> None:
        """Make the cluster, or adopt the one of this name that is there.

        Parameters
        ----------
        config, progress
            As for every source.
        image
            Node image, which sets the version of Kubernetes; None for the one this kind was released with.
        ready_seconds
            How long to wait for its nodes; a cluster without a network plugin never gets there by itself.

        Raises
        ------
        K8slabError
            If kind is missing or too old, no engine runs, or the cluster cannot be made.
        """
        engine = self._engine()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.name in run("get", "clusters", engine=engine).split():
            if config is not None:
                raise K8slabError(
                    f'a kind cluster "{self.name}" is there already, in its own shape; leave --config away to use it'
                )
            made = self._remember(engine, made=self._made())
            run("export", "kubeconfig", "--name", self.name, "--kubeconfig", str(self._kept), engine=engine)
            if progress is not None:
                progress(
                    f'using the kind cluster "{self.name}"' + ("" if made else ", which k8slab has not made and will not delete")
                )
        else:
            arguments = ["--name", self.name, "--kubeconfig", str(self._kept), "--wait", f"{ready_seconds}s"]
            arguments += ["--config", str(config)] if config else []
            arguments += ["--image", image] if image else []
            run("create", "cluster", *arguments, engine=engine, progress=progress)
            self._remember(engine, made=True)
            self._label_nodes()
        os.chmod(self._kept, 0o600)

    def down(self) -> str:
        """Delete the cluster if we made it; else let go of it, and take the labs' namespaces away."""
        if not self._record.exists():
            return f'k8slab uses no kind cluster "{self.name}"'
        if self._made():
            run("delete", "cluster", "--name", self.name, "--kubeconfig", str(self._kept), engine=self._recorded_engine())
            said = f'the kind cluster "{self.name}" is gone'
        else:
            removed = self.remove_namespaces() if self.running() else []
            said = f'the kind cluster "{self.name}" was not made by k8slab and stays; removed: {", ".join(removed) or "nothing"}'
        self._kept.unlink(missing_ok=True)
        self._record.unlink(missing_ok=True)
        return said

    def load_image(self, image: str) -> None:
        """Copy an image from the engine into the nodes."""
        self._must_run()
        self._load([image])

    def add(self, addon: str, progress: Progress | None = None) -> None:
        """Install one of `ADDONS` and wait until it runs, or (``chatter``) bring the images of the labs into the nodes."""
        self._must_run()
        if addon == "chatter":
            self._load(build(self._recorded_engine(), progress))
        else:
            install(addon, self.kubeconfig)

    def _load(self, images: list[str]) -> None:
        engine = self._recorded_engine()
        if engine != "podman":
            run("load", "docker-image", *images, "--name", self.name, engine=engine)
            return
        with tempfile.TemporaryDirectory() as folder:  # kind cannot read podman's store
            archive = f"{folder}/images.tar"
            command = ["podman", "save", "--multi-image-archive", "-o", archive, *images]
            saved = subprocess.run(command, capture_output=True, text=True, check=False)
            if saved.returncode:
                names = ", ".join(images)
                raise K8slabError(f'podman has no image "{names}": {saved.stderr.strip().splitlines()[-1]}')
            run("load", "image-archive", archive, "--name", self.name, engine=engine)

    def to_users_kubeconfig(self) -> None:
        """Add the cluster to the user's own kubeconfig and make it the current context there, as plain kind does."""
        self._must_run()
        run("export", "kubeconfig", "--name", self.name, engine=self._recorded_engine())

    def _engine(self) -> str | None:
        version = kind_version()
        if version is None:
            raise K8slabError('there is no kind on the path; "k8slab doctor" says how to get it')
        if version < OLDEST:
            shown, oldest = (".".join(map(str, v)) for v in (version, OLDEST))
            raise K8slabError(f"kind {shown} is too old; k8slab needs {oldest} or newer (https://kind.sigs.k8s.io)")
        if os.environ.get(_PROVIDER):
            return os.environ[_PROVIDER]
        found = engines()
        chosen = next((e.name for e in found if e.running), None)
        if chosen is None:
            names = ", ".join(e.name for e in found)
            what = f"none of the installed container engines runs ({names})" if found else "there is no Docker, Podman or nerdctl"
            raise K8slabError(f'{what}, and kind needs one; "k8slab doctor" says how to get it, or use the embedded cluster')
        return chosen

    def _made(self) -> bool:
        return self._record.exists() and bool(json.loads(self._record.read_text())["made"])

    def _recorded_engine(self) -> str | None:
        engine = json.loads(self._record.read_text())["engine"] if self._record.exists() else None
        return str(engine) if engine else None

    def _remember(self, engine: str | None, made: bool) -> bool:
        self._record.write_text(json.dumps({"made": made, "engine": engine}))
        return made

    def _label_nodes(self) -> None:
        cluster = self.connect()
        try:
            for node in cluster.list("nodes"):
                cluster.patch("nodes", node["metadata"]["name"], {"metadata": {"labels": MANAGED_BY}})
        finally:
            cluster.close()
