"""The real helm: a release's life, hooks, tests, roll-backs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.helm import NotToBeHad, find_helm
from tests.processes import Kubectl, Result, eventually, run

CHART = str(Path(__file__).parent / "charts" / "web")
WAIT = ("--wait", "--timeout", "60s")

Helm = Callable[..., Result]


@pytest.fixture(scope="module")
def program() -> str:
    try:
        return str(find_helm())
    except NotToBeHad as error:
        pytest.skip(str(error))


@pytest.fixture
def helm(program: str, kubectl: Kubectl) -> Helm:
    return lambda *arguments: run([program, "--namespace", kubectl.namespace, *arguments], kubectl.environment)


def history(helm: Helm) -> list[str]:
    return [revision["status"] for revision in json.loads(helm("history", "site", "-o", "json").out)]


def test_a_release_from_its_installation_to_its_end(helm: Helm, kubectl: Kubectl) -> None:
    installed = helm("install", "site", CHART, *WAIT)
    assert installed.code == 0, installed.err
    assert kubectl("get", "deployment", "site", "-o", "jsonpath={.status.readyReplicas}").out == "1"
    assert kubectl("get", "jobs", "-o", "name").out == ""  # hooks that succeeded are deleted

    tested = helm("test", "site", "--logs", "--timeout", "60s")
    assert "Succeeded" in tested.out
    assert "Welcome to nginx!" in tested.out

    upgraded = helm("upgrade", "site", CHART, "--set", "replicas=2", *WAIT)
    assert upgraded.code == 0, upgraded.err
    assert helm("rollback", "site", "1", *WAIT).code == 0
    assert history(helm) == ["superseded", "superseded", "deployed"]
    eventually(lambda: kubectl("get", "deployment", "site", "-o", "jsonpath={.spec.replicas}").out == "1")

    gone = helm("uninstall", "site", *WAIT)
    assert gone.code == 0, gone.err
    assert kubectl("get", "deployments,services,secrets", "-o", "name").out == ""


def test_a_failing_upgrade_is_rolled_back(helm: Helm, kubectl: Kubectl) -> None:
    assert helm("install", "site", CHART, *WAIT).code == 0
    failed = helm("upgrade", "site", CHART, "--set", "image.tag=no-such-tag", "--atomic", "--wait", "--timeout", "10s")
    assert failed.code == 1
    assert "has been rolled back" in failed.err
    image = "jsonpath={.spec.template.spec.containers[0].image}"
    assert kubectl("get", "deployment", "site", "-o", image).out == "nginx:1.27"
    assert history(helm) == ["superseded", "failed", "deployed"]


def test_a_failing_hook_fails_the_upgrade(helm: Helm, kubectl: Kubectl) -> None:
    assert helm("install", "site", CHART, *WAIT).code == 0
    failed = helm("upgrade", "site", CHART, "--set", "failingHook=post-upgrade", *WAIT)
    assert failed.code == 1
    assert "post-upgrade hooks failed" in failed.err
    assert history(helm) == ["deployed", "failed"]


def test_a_release_that_clashes_with_what_is_there(helm: Helm, kubectl: Kubectl) -> None:
    kubectl("create", "service", "clusterip", "site", "--tcp=80")
    refused = helm("install", "site", CHART)
    assert refused.code == 1
    assert "invalid ownership metadata" in refused.err


def test_a_dry_run_asks_the_server_and_changes_nothing(helm: Helm, kubectl: Kubectl) -> None:
    tried = helm("install", "site", CHART, "--dry-run=server")
    assert tried.code == 0, tried.err
    assert kubectl("get", "all,secrets", "-o", "name").out == ""
