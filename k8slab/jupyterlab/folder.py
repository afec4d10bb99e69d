"""Where JupyterLab can open the labs: its server shows only files below its root directory."""

from pathlib import Path

from k8slab.cluster.labs import FIRST, labs_folder, own_folder, shipped_labs

__all__ = ["copy_labs", "find_labs", "notebooks"]

_BESIDE = ("", "labs", "k8slab-labs")


def find_labs(root: Path) -> Path | None:
    """Return the folder with the labs below the server's root directory, None if there is none.

    Parameters
    ----------
    root
        The server's root directory.
    """
    places = [*(root / name for name in _BESIDE), shipped_labs(), own_folder()]
    return next(
        (place for place in places if (place / FIRST).exists() and place.is_relative_to(root) and _shown(place, root)), None
    )


def _shown(place: Path, root: Path) -> bool:
    """Whether the server shows the folder: not what is hidden, and not the labs inside an installed package."""
    return place.name != "_labs" and not any(part.startswith(".") for part in place.relative_to(root).parts)


def copy_labs(root: Path) -> Path:
    """Return the folder with the labs, copied to ``k8slab-labs`` below the root directory if there was none."""
    found = find_labs(root)
    return found or labs_folder(root / "k8slab-labs")[0]


def notebooks(folder: Path | None, root: Path) -> dict[str, str]:
    """Return the path of each lab's notebook by the lab's number, as the server names it."""
    found = sorted(folder.glob("[0-9][0-9]-*.ipynb")) if folder else []
    return {path.name[:2]: path.relative_to(root).as_posix() for path in found}
