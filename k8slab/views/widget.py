"""The widget under every view: a scene kept in step with the browser, without carrying its code in the notebook.

Where the front-end code comes from. anywidget keeps its ``_esm`` text in the widget's state, and so in every saved
notebook; all our code there, once per view, would be absurd. So ``_esm`` is a loader of 0.8 kB. It imports the
real code from the Jupyter server: the wheel puts ``views/static`` into ``share/jupyter/labextensions/k8slab/static``,
which JupyterLab and Notebook 7 serve under their own address. That needs no build on the user's side, no CDN, works on
Binder and JupyterHub below any base URL, and does not depend on the kernel being idle. Where no such server is found
(VS Code), or it has a copy of another version, the loader asks the kernel for the code over the widget's channel. A full
prebuilt extension would do the first as well, but not the second, and needs JupyterLab's builder.

How a scene travels. The trait ``scene`` is the whole of it and is only read when the browser asks for all state (first
display, page reload). After that ``delta`` carries differences with a version number; a browser that missed one asks for
the whole. Both sides are a few lines: `k8slab.views.scene.difference` here and ``js/src/store.js`` there.

Beside a running cell. JupyterLab sends the messages of widgets to a subshell, a second thread of the kernel, so that controls
work while a cell runs; see `_answer_while_a_cell_runs`. Elsewhere messages wait for the cell to end.

Without a kernel. A display is two outputs: a picture (HTML with an image and the same as text), then the widget. The
live widget hides the picture before it; a reader of a saved notebook sees the picture, and a style rule hides the
line under it in which JupyterLab would say that it loads a widget, or finds no model.
"""

import html
import threading
from pathlib import Path
from typing import Any

import anywidget
import traitlets
from IPython.display import display

from k8slab.views.icons import icon_table
from k8slab.views.look import look_table
from k8slab.views.picture import picture_html
from k8slab.views.scene import Scene, difference

__all__ = ["SceneWidget"]

_STATIC = Path(__file__).parent / "static"

_HIDE_DEAD_WIDGET = (
    "<style>.jp-OutputArea-child:has(.k8slab-picture) + .jp-OutputArea-child:not(:has(.k8slab-view)) {display: none}</style>"
)


def _current_scene(_value: Any, widget: "SceneWidget") -> Scene:
    return widget.snapshot()


class SceneWidget(anywidget.AnyWidget):
    """Shows a scene and, when it is given another, changes in place. Safe to use from any thread."""

    _esm = (_STATIC / "loader.js").read_text()
    kind = traitlets.Unicode("graph").tag(sync=True)
    looks = traitlets.Dict().tag(sync=True)
    scene = traitlets.Dict().tag(sync=True, to_json=_current_scene)
    delta = traitlets.Dict().tag(sync=True)

    def __init__(self, scene: Scene, kind: str = "graph") -> None:
        self._lock = threading.RLock()
        self.current: Scene = {**scene, "version": 1}
        super().__init__(kind=kind, looks=look_table() | icon_table())
        self.on_msg(self._on_message)
        _answer_while_a_cell_runs(self.comm)

    def show(self, scene: Scene) -> None:
        """Show another scene; only what differs is sent."""
        with self._lock:
            change = difference({k: v for k, v in self.current.items() if k != "version"}, scene)
            if not change:
                return
            base = self.current["version"]
            self.current = {**scene, "version": base + 1}
            self.delta = {**change, "base": base, "version": base + 1}

    def patch(self, change: Scene) -> None:
        """Show a change (as `difference` makes it) of a scene too large to be compared as a whole."""
        with self._lock:
            current, base = self.current, self.current["version"]
            plain = {k: v for k, v in change.get("set", {}).items() if current.get(k) != v}
            change = {**{k: v for k, v in change.items() if k != "set" and v}, **({"set": plain} if plain else {})}
            if not change:
                return
            current.update(plain)
            for field, items in change.get("put", {}).items():
                current.setdefault(field, {}).update(items)
            for field, ids in change.get("drop", {}).items():
                for item in ids:
                    current.get(field, {}).pop(item, None)
            current["version"] = base + 1
            self.delta = {**change, "base": base, "version": base + 1}

    def snapshot(self) -> Scene:
        """Return the scene as it is now, not to be changed by what comes later."""
        with self._lock:
            return {k: dict(v) if isinstance(v, dict) else v for k, v in self.current.items()}

    def text(self) -> str:
        """Return the scene in words; views that know better override this."""
        return f"{self.current['title']}: {self.current['alt']}"

    def twin_html(self) -> str:
        """Return the scene in words as HTML."""
        return f"<pre>{html.escape(self.text())}</pre>"

    def still_html(self) -> str:
        """Return what a reader without a kernel sees."""
        return picture_html(self.snapshot(), self.twin_html())

    def details(self, item: str) -> dict[str, Any] | None:
        """Return more about an item that was clicked: ``yaml`` and ``events``; None if there is no more."""
        del item
        return None

    def why(self, item: str) -> dict[str, str] | None:
        """Return ``text`` and ``html`` of why an item is as it is; None if nobody can say."""
        del item
        return None

    def act(self, name: str, value: Any) -> None:
        """Do what a control of the view asks for (its name, and what was chosen); views with controls override this."""

    def _on_message(self, _widget: Any, content: Any, _buffers: Any) -> None:
        match content.get("type"):
            case "asset":
                self.send({"type": "asset", "text": (_STATIC / "views.js").read_text()})
            case "resync":
                with self._lock:
                    version = self.current["version"] + 1
                    self.current = {**self.current, "version": version}
                    self.delta = {"scene": self.snapshot(), "version": version}
            case "details" | "why" as kind:
                more = self.details(content["id"]) if kind == "details" else self.why(content["id"])
                if more is not None:
                    self.send({"type": kind, "id": content["id"], **more})
            case "act":
                self.act(content["name"], content.get("value"))

    def _ipython_display_(self, **_: Any) -> None:
        still = {"text/plain": self.text(), "text/html": _HIDE_DEAD_WIDGET + self.still_html()}
        display(still, raw=True)
        display({"application/vnd.jupyter.widget-view+json": self._view()}, raw=True)

    def _view(self) -> dict[str, Any]:
        return {"version_major": 2, "version_minor": 0, "model_id": self.model_id}


def _answer_while_a_cell_runs(comm: Any) -> None:
    """Let the browser choose which thread of the kernel answers it, as JupyterLab does (a subshell, which no cell blocks).

    ipykernel 7.4 overrules it: it gives a message to the thread that last wrote to the widget. Ours are written to all the time,
    in the name of whatever cell runs, so a click would wait for that cell to end.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, chosen: chosen
