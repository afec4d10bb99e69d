"""The programs behind a kind cluster: ``kind`` itself and the container engine it uses.

Nothing here knows what a lab is. `run` shows kind's own progress line by line as it comes, and turns its failure into one
sentence with the next step.
"""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from k8slab.cluster.kind.troubles import recognise
from k8slab.errors import K8slabError

__all__ = ["ENGINES", "OLDEST", "Engine", "Engines", "engines", "environment", "kind_version", "run"]

#: The oldest kind that k8slab is written for: its default network plugin enforces NetworkPolicies.
OLDEST = (0, 27)

#: Container engines that kind knows, in its own order of preference.
ENGINES = ("docker", "podman", "nerdctl")

_QUESTION_SECONDS = 20.0


@dataclass(frozen=True)
class Engine:
    """A container engine: is it running, and what did it say if not."""

    name: str
    running: bool
    said: str = ""


Engines = tuple[Engine, ...]


def kind_version() -> tuple[int, ...] | None:
    """Return the version of the kind program on the path, None if there is none.

    Raises
    ------
    K8slabError
        If what calls itself kind is something else.
    """
    if shutil.which("kind") is None:
        return None
    said = _ask(["kind", "version"]).stdout
    found = re.search(r"v?(\d+)\.(\d+)\.(\d+)", said)
    if found is None:
        raise K8slabError(f'the program "{shutil.which("kind")}" does not say a version ("{said.strip()[:60]}"); is it kind?')
    return tuple(int(part) for part in found.groups())


def engines() -> Engines:
    """Return the container engines that are installed, each asked whether it runs."""
    return tuple(_engine(name) for name in ENGINES if shutil.which(name))


def _engine(name: str) -> Engine:
    try:
        asked = _ask([name, "info"])
    except subprocess.TimeoutExpired:
        return Engine(name, False, f"{name} info does not answer")
    text = (asked.stderr or asked.stdout).strip()
    down = asked.returncode != 0 or "Cannot connect to the Docker daemon" in asked.stdout + asked.stderr
    return Engine(name, not down, text.splitlines()[-1] if down and text else "")


def _ask(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=_QUESTION_SECONDS, check=False)


def environment(engine: str | None, base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment that makes kind use an engine; None leaves the choice to kind and the user.

    >>> environment("podman", {})
    {'KIND_EXPERIMENTAL_PROVIDER': 'podman'}
    """
    return {**base, **({"KIND_EXPERIMENTAL_PROVIDER": engine} if engine else {})}


def run(*arguments: str, engine: str | None = None, progress: Callable[[str], object] | None = None) -> str:
    """Run kind and return its standard output.

    Parameters
    ----------
    arguments
        Its command line.
    engine
        The engine to use; None for kind's own choice.
    progress
        Told each line that kind writes about what it does, as it comes.

    Raises
    ------
    K8slabError
        If kind is missing or fails; the text says what that means and what to do.
    """
    if shutil.which("kind") is None:
        raise K8slabError('there is no kind on the path; "k8slab doctor" says how to get it')
    process = subprocess.Popen(
        ["kind", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(engine),
    )
    said: list[str] = []
    answer: list[str] = []
    with process:
        reader = threading.Thread(target=lambda: answer.extend(process.stdout or ()), daemon=True)
        reader.start()
        for line in process.stderr or ():
            said.append(line)
            if progress is not None and line.strip():
                progress(line.rstrip())
        reader.join()
    if process.returncode:
        raise K8slabError(_failure(arguments, "".join(said + answer)))
    return "".join(answer)


def _failure(arguments: tuple[str, ...], output: str) -> str:
    what = f"kind {' '.join(arguments[:2])} failed"
    trouble = recognise(output)
    if trouble is None:
        last = [line for line in output.splitlines() if line.strip()][-3:]
        return f"{what}; it said:\n" + "\n".join(last)
    return f"{what}: {trouble.meaning} What to do: {trouble.remedy}"
