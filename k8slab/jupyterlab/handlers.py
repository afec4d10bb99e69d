"""What JupyterLab's part asks the Jupyter server: ``k8slab/state``, ``k8slab/labs``, ``k8slab/progress``.

All of it is the learner's own and stays on this machine; a request needs the server's token as any other.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from k8slab.errors import K8slabError
from k8slab.jupyterlab.folder import copy_labs, find_labs, notebooks
from k8slab.jupyterlab.session import session
from k8slab.lessons.catalogue import catalogue
from k8slab.lessons.progress import Progress

__all__ = ["add_handlers", "state"]


def state(root: Path, progress: Progress, started: float) -> dict[str, Any]:
    """Return all that JupyterLab shows: the labs and where they are, what is done, and whether the session is kept.

    Parameters
    ----------
    root
        The server's root directory.
    progress
        The learner's.
    started
        When the server started, in seconds since 1970.
    """
    done = progress.finished()
    paths = notebooks(find_labs(root), root)
    labs = [
        {
            "id": entry.id,
            "title": entry.title,
            "exercises": len(entry.exercises),
            "done": len(done & set(entry.exercises)),
            "path": paths.get(entry.id),
        }
        for entry in catalogue()
    ]
    here = session(os.environ)
    return {
        "labs": labs,
        "progress": {
            "version": hashlib.sha256(progress.export().encode()).hexdigest()[:16],
            "empty": progress.is_empty(),
            "done": sorted(done),
        },
        "session": {"kept": here.kept, "idle": here.idle, "age": here.age, "started": started},
    }


@contextmanager
def _sentences() -> Iterator[None]:
    """Say in one sentence what is wrong; tornado takes ``%`` for a place to fill."""
    try:
        yield
    except K8slabError as error:
        raise web.HTTPError(400, str(error).replace("%", "%%")) from error


class _Handler(APIHandler):
    """What the three have in common."""

    @property
    def root(self) -> Path:
        return Path(self.settings["server_root_dir"]).expanduser().resolve()

    def answer(self) -> None:
        """Send the state."""
        with _sentences():
            found = state(self.root, Progress(), self.settings["started"].timestamp())
        self.finish(json.dumps(found))


class StateHandler(_Handler):
    """All that is shown."""

    @web.authenticated
    def get(self) -> None:
        self.answer()


class LabsHandler(_Handler):
    """The labs, copied to where JupyterLab can open them."""

    @web.authenticated
    def post(self) -> None:
        with _sentences():
            copy_labs(self.root)
        self.answer()


class ProgressHandler(_Handler):
    """The learner's progress as a file."""

    @web.authenticated
    def get(self) -> None:
        with _sentences():
            text = Progress().export()
        self.set_header("Content-Disposition", "attachment; filename=k8slab-progress.json")
        self.finish(text)

    @web.authenticated
    def post(self) -> None:
        with _sentences():
            Progress().take(self.request.body.decode("utf-8", "replace"))
        self.answer()


def add_handlers(application: Any) -> None:
    """Let a Jupyter server answer below ``k8slab/``."""
    there = {"state": StateHandler, "labs": LabsHandler, "progress": ProgressHandler}
    base = application.settings["base_url"]
    application.add_handlers(".*$", [(url_path_join(base, "k8slab", name), handler) for name, handler in there.items()])
