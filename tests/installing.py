"""Installing the package as a user does, without fetching its dependencies anew.

The wheel is built from the source distribution and installed by pip into an environment of its own. The dependencies that it
*declares*, and theirs, are taken from the environment that runs the tests, file by file, as links: what it uses and does not
declare is missing there, and nothing is fetched.
"""

import re
import subprocess
import sys
import venv
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

__all__ = ["build", "install"]


def build(root: Path, folder: Path) -> tuple[Path, Path]:
    """Build the source distribution of a project, and the wheel from that; return both."""
    command = [sys.executable, "-c", "import sys; from hatchling.build import build_sdist; build_sdist(sys.argv[1])", str(folder)]
    _must(command, root)
    (sdist,) = folder.glob("*.tar.gz")
    _must([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation",
           "--wheel-dir", str(folder), str(sdist)], folder)  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


def install(wheel: Path, there: Path) -> Path:
    """Install a wheel and the dependencies it declares into a new environment; return its folder of programs."""
    venv.create(there, symlinks=True)
    python = there / "bin" / "python"
    _must([sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index", str(wheel)],
          there)  # fmt: skip
    name = wheel.name.partition("-")[0]
    (folder,) = (there / "lib").glob("python*/site-packages")
    (metadata,) = folder.glob(f"{name}-*.dist-info")
    for dependency in _closure(Distribution.at(metadata)):
        _link(dependency, folder, python)
    return there / "bin"


def _closure(root: Distribution) -> Iterator[Distribution]:
    """Yield what a distribution needs, directly or through others."""
    seen: set[tuple[str, str]] = set()
    todo = [(root, "")]
    while todo:
        needing, extra = todo.pop()
        for text in needing.requires or ():
            needed = Requirement(text)
            if needed.marker and not needed.marker.evaluate({"extra": extra}):
                continue
            name = re.sub(r"[-_.]+", "-", needed.name).lower()
            for of in ("", *needed.extras):
                if (name, of) not in seen:
                    if not any(key == name for key, _ in seen):
                        yield distribution(name)
                    seen.add((name, of))
                    todo.append((distribution(name), of))


def _link(dependency: Distribution, folder: Path, python: Path) -> None:
    """Put the files of a distribution into an environment; its programs are to start with that environment's Python."""
    assert dependency.files is not None, f"{dependency.name} does not say what its files are"
    for file in dependency.files:
        source, target = Path(str(dependency.locate_file(file))), Path(_plain(folder / file))
        if target.exists() or not source.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent == python.parent and (script := source.read_bytes()).startswith(b"#!"):
            target.write_bytes(f"#!{python}\n".encode() + script.partition(b"\n")[2])
            target.chmod(0o755)
        else:
            target.symlink_to(_plain(source))


def _plain(path: Path) -> str:
    """Return a path without ``..``, links left as they are."""
    import os.path

    return os.path.abspath(path)


def _must(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
