"""What ``k8slab progress`` and ``k8slab reset`` do."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from k8slab.client import connect
from k8slab.cluster import use
from k8slab.errors import K8slabError
from k8slab.lessons.exercise import LabContent
from k8slab.lessons.lab import Lab, content_of
from k8slab.lessons.progress import Progress
from k8slab.lessons.summary import sign_off_page

__all__ = ["all_contents", "named", "progress", "reset"]


def all_contents() -> list[LabContent]:
    """Return the contents of all labs there are, in their order."""
    package = importlib.util.find_spec("k8slab.lessons")
    assert package is not None
    assert package.submodule_search_locations is not None
    names = sorted(Path(package.submodule_search_locations[0]).glob("lab[0-9][0-9].py"))
    return [content_of(path.stem.removeprefix("lab")) for path in names]


def progress(export: Path | None, take: Path | None, page: Path | None, name: str, own: Sequence[Path] = ()) -> str:
    """Import, export, write the page for a class leader; return what is done, lab by lab; ``own`` are files of further labs."""
    contents = [*all_contents(), *(content_of(str(file)) for file in own)]
    mine = Progress()
    said = []
    if take is not None:
        mine.take(_read(take))
        said.append(f'added what "{take}" has')
    if export is not None:
        _write(export, mine.export())
        said.append(f'written to "{export}"')
    if page is not None:
        _write(page, sign_off_page(contents, mine, name))
        said.append(f'the page is "{page}"')
    width = max(len(content.id) for content in contents)
    for content in contents:
        done = sum(mine.done(exercise.id) for exercise in content.exercises)
        said.append(f"{content.id:<{width}} {content.title:<30} {done} of {len(content.exercises)} exercises done")
    return "\n".join(said)


def reset(what: str, which: str = "auto", state: Path | None = None) -> str:
    """Begin a lab or an exercise again on the cluster in use."""
    content, exercise = named(what)
    choice = use(which, state)
    cluster = connect(context=choice.context, kubeconfig=choice.kubeconfig)
    try:
        opened = Lab(content, cluster)
        opened.prepare()
        return opened.reset(exercise)
    finally:
        cluster.close()


def named(what: str) -> tuple[LabContent, str | None]:
    """Return the lab that is meant, and the exercise if one is: ``01``, ``01.2``, ``my-lab.md``, ``my-lab.md.2``."""
    file, end, rest = what.partition(".md")
    lab, _, number = (file + end, "", rest.removeprefix(".")) if end else what.partition(".")
    content = content_of(lab)
    return content, content.exercise(number).id if number else None


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise K8slabError(f'"{file}" cannot be read: {error}') from error


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise K8slabError(f'"{file}" cannot be written: {error.strerror}') from error
