"""The embedded cluster as a `Source`: the functions of `k8slab.cluster.embedded` behind the interface of all."""

from pathlib import Path
from typing import Any, ClassVar

from k8slab.cluster import embedded
from k8slab.cluster.source import Progress, Source
from k8slab.errors import K8slabError

__all__ = ["EmbeddedSource"]


class EmbeddedSource(Source):
    """The embedded cluster of a state directory.

    Parameters
    ----------
    state
        The state directory; None for the default one.
    settings
        Keyword arguments of `k8slab.cluster.embedded.up` for when it has to be started.
    """

    kind: ClassVar[str] = "embedded"

    def __init__(self, state: Path | None = None, **settings: Any) -> None:
        self.name = ""
        self.state, self.settings = state, settings

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of its administrator."""
        found = embedded.find(self.state)
        if found is None:
            raise K8slabError('no embedded cluster is running; "k8slab up" starts one')
        return found.kubeconfig

    def running(self) -> bool:
        """Whether a server holds the state directory."""
        return embedded.find(self.state) is not None

    def up(self, config: Path | None = None, progress: Progress | None = None) -> None:
        """Start the server; it is ready in less than a second, so there is no progress to tell."""
        del progress
        embedded.up(self.state, **{**self.settings, **({"kind_config": config} if config else {})})

    def down(self) -> str:
        """Stop the server and remove all it kept."""
        return "the cluster is gone" if embedded.down(self.state) else "there was no cluster"

    def load_image(self, image: str) -> None:
        """Refuse: images of the embedded cluster are data."""
        raise K8slabError(
            f'the embedded cluster cannot run "{image}" from this computer: its images are a catalogue of data; '
            "docs/extending.md says how to add one"
        )
