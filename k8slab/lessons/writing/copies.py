"""What ``k8slab write-lab`` does."""

from pathlib import Path

from k8slab.errors import K8slabError
from k8slab.lessons.writing.labfile import read_lab
from k8slab.lessons.writing.notebook import as_json, learner_copy, solved_copy

__all__ = ["write_copies"]


def write_copies(source: Path, solved: bool = False) -> list[Path]:
    """Write the notebooks of a lab's file beside it, the solved one if it is asked for; return their paths.

    Raises
    ------
    K8slabError
        If the file has a mistake (nothing is written then), or the folder cannot be written.
    """
    lab = read_lab(source)
    texts = {source.with_suffix(".ipynb"): as_json(learner_copy(lab.cells))}
    if solved:
        texts[source.with_name(f"{source.stem}-solved.ipynb")] = as_json(solved_copy(lab.cells, lab.content))
    for path, text in texts.items():
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise K8slabError(f'"{path}" cannot be written: {error.strerror}') from error
    return list(texts)
