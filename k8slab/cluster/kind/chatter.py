"""chatter's images for a kind cluster, built with the container engine from ``labs/chatter/image``.

They are in no registry. The embedded cluster has them as data; for real containers there is a small program that does the
same. The versions are those that the labs use: 1.3 takes three seconds to start, 2.1 crashes, 2.2 takes half a minute.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from k8slab.cluster.labs import shipped_labs
from k8slab.cluster.source import Progress
from k8slab.errors import K8slabError

__all__ = ["PARTS", "VERSIONS", "build", "image_folder"]

PARTS = ("web", "gateway", "rooms", "history", "bot")
VERSIONS = ("1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "2.2")


def image_folder() -> Path:
    """Return the folder of the Dockerfile."""
    return shipped_labs() / "chatter" / "image"


def build(engine: str | None, progress: Progress | None = None) -> list[str]:
    """Build every part in every version; return the names of the images.

    Raises
    ------
    K8slabError
        If the engine cannot; the text has its last words.
    """
    images = []
    for name, arguments in _all():
        if progress is not None:
            progress(f"building {name}")
        command = [engine or "docker", "build", *arguments, "--tag", name, str(image_folder())]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise K8slabError(
                f'"{command[0]}" cannot be started: {error.strerror}; "k8slab doctor" says how to get it'
            ) from error
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise K8slabError(f"{command[0]} cannot build {name}: {''.join(last)}")
        images.append(name)
    return images


def _all() -> Iterator[tuple[str, list[str]]]:
    for part in PARTS:
        for version in VERSIONS:
            yield f"chatter/{part}:{version}", ["--build-arg", f"PART={part}", "--build-arg", f"VERSION={version}"]
