"""k8slab in JupyterLab: the labs in the launcher, and progress that can be downloaded and uploaded.

Two halves: a small extension of the Jupyter server (`handlers.py`) that knows the labs, the learner's progress and whether
this session is kept, and an extension of JupyterLab (``js/src/lab``, built into ``labextensions/``) that shows them. ``etc/``
switches both on and JupyterLab's news off; a wheel installs it as ``etc/jupyter``, ``k8slab lab`` names it in
``$JUPYTER_CONFIG_PATH``, with ``config/`` beside it. The server stays small: nothing here imports the lessons.
"""

from typing import Any

__all__: list[str] = []


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "k8slab.jupyterlab"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from k8slab.jupyterlab.handlers import add_handlers

    add_handlers(server.web_app)
