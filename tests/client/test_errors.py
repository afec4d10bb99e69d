"""What went wrong is one sentence, with what to do next where that is not plain."""

import json

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from kubernetes.client.exceptions import ApiException

from k8slab.client import errors, sentence


def _refused(**status: object) -> ApiException:
    error = ApiException(status=409, reason="Conflict")
    error.body = json.dumps({"kind": "Status", "code": 409, "reason": "Conflict", **status})
    return error


def test_a_conflict_of_managers_says_what_one_can_do() -> None:
    causes = [{"reason": "FieldManagerConflict", "field": ".spec.replicas", "message": 'conflict with "kubectl"'}]
    said = sentence(
        _refused(message='Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas', details={"causes": causes})
    )
    assert said.startswith("The API server answered 409 Conflict: Apply failed with 1 conflict")
    assert said.endswith("Leave it out of what you apply, or take it over with force=True.")


def test_another_conflict_is_told_in_the_words_of_the_api_server_alone() -> None:
    said = sentence(_refused(message="the object has been modified", details={"name": "web"}))
    assert said == "The API server answered 409 Conflict: the object has been modified"


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    shell = InteractiveShell()
    monkeypatch.setattr(errors, "_shell", lambda: shell)
    errors.readable_errors()
    return shell


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("web", "The name 'web' is not known yet"),
        ("def f():\n    return web\nf()", "The name 'web' is not known yet"),
        ("raise KeyboardInterrupt", "Stopped."),
        ("%%bash\nls /nowhere 2> /dev/null\nexit 3", "ended with exit code 3"),
    ],
)
def test_what_a_learner_is_expected_to_do_gives_no_traceback(shell: InteractiveShell, cell: str, sentence: str) -> None:
    with capture_output() as said:
        shell.run_cell(cell)
    assert sentence in said.stdout
    assert "Traceback" not in said.stdout + said.stderr


def test_a_mistake_inside_a_library_keeps_its_traceback(shell: InteractiveShell) -> None:
    shell.user_ns["library"] = _misspelled
    with capture_output() as said:
        shell.run_cell("library()")
    assert "test_errors.py" in said.stdout
    assert "NameError" in said.stdout


def _misspelled() -> object:
    return lbrary  # noqa: F821
