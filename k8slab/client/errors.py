"""Errors a learner can read: one sentence, with the next step, and no traceback.

The official client raises `ApiException` with a Status object in its body; urllib3 raises its own errors when nobody
answers. Here both become one sentence. `readable_errors` makes IPython print that sentence in place of the traceback.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import urllib3.exceptions
from kubernetes.client.exceptions import ApiException

from k8slab.errors import K8slabError

__all__ = ["ClusterAway", "NotYet", "api_errors", "readable_errors", "sentence"]


class ClusterAway(K8slabError):
    """Nobody answers at the address of the cluster."""


class NotYet(K8slabError):
    """What was waited for did not happen in time."""


def sentence(error: BaseException) -> str:
    """Return what went wrong as one sentence: the API's own message where there is one.

    >>> sentence(ApiException(status=404, reason="Not Found"))
    'The API server answered 404 Not Found.'
    """
    if isinstance(error, NameError):
        return (
            f"The name {error.name!r} is not known yet. If it is not a typing mistake, a cell further up makes it: "
            "run that one first (Run → Run All Above Selected Cell)."
        )
    if isinstance(error, subprocess.CalledProcessError):
        return f"The commands ended with exit code {error.returncode}. What they said stands above."
    if isinstance(error, KeyboardInterrupt):
        return "Stopped. What the cell had done until then stays done."
    if isinstance(error, ApiException):
        return _status_message(error.body) or f"The API server answered {error.status} {error.reason}."
    return str(error)


def _status_message(body: Any) -> str:
    try:
        status = json.loads(body)
    except (TypeError, ValueError):
        return ""
    if not isinstance(status, dict) or not status.get("message"):
        return ""
    said = f"The API server answered {status.get('code', '')} {status.get('reason') or ''}".rstrip() + f": {status['message']}"
    causes = (status.get("details") or {}).get("causes") or ()
    if any(cause.get("reason") == "FieldManagerConflict" for cause in causes):
        said += "\nAnother manager owns what is named here. Leave it out of what you apply, or take it over with force=True."
    return said


@contextlib.contextmanager
def api_errors(host: str) -> Iterator[None]:
    """Turn "nobody answers" into `ClusterAway`; an answer that is an error stays an `ApiException`."""
    try:
        yield
    except urllib3.exceptions.HTTPError as error:
        raise ClusterAway(
            f"Nobody answers at {host}. Is the cluster running? `k8slab status` tells, `k8slab up` starts one."
        ) from error


def readable_errors() -> None:
    """In IPython: show as a sentence what is expected to go wrong. Elsewhere: do nothing.

    These are `K8slabError`, `ApiException`, a name of the notebook that is used before its cell was run, commands of a
    ``%%bash`` cell of which the last one fails, and a cell that is stopped while it waits.
    """
    shell = _shell()
    if shell is not None:
        expected = (K8slabError, ApiException, NameError, subprocess.CalledProcessError, KeyboardInterrupt)
        shell.set_custom_exc(expected, _show)


def _in_notebook(shell: Any, error: NameError, trace: Any) -> bool:
    """Whether a name is missing in the notebook's own cells."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return bool(error.name) and trace.tb_frame.f_globals is shell.user_ns


def _shell() -> Any:
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def _show(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: int | None = None) -> list[str]:
    if isinstance(error, NameError) and not _in_notebook(shell, error, trace):
        shell.showtraceback((kind, error, trace), tb_offset=tb_offset)  # a mistake inside some library, not in a cell
        return []
    text = sentence(error)
    shell._showtraceback(kind, text, [f"\x1b[31m✗\x1b[0m {text}"])
    return [text]
