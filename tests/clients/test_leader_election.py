"""A learner's own programs elect a leader among themselves, with the official Python client."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import Kubectl, eventually

CANDIDATE = """\
import sys
from kubernetes import config
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

kubeconfig, namespace, me = sys.argv[1:]
config.load_kube_config(kubeconfig)
lock = LeaseLock("cook", namespace, me)
timing = {"lease_duration": 3, "renew_deadline": 2, "retry_period": 1}
leads = lambda: print("leads", flush=True)
leaderelection.LeaderElection(electionconfig.Config(lock, onstarted_leading=leads, onstopped_leading=None, **timing)).run()
"""


@contextmanager
def candidate(kubectl: Kubectl, program: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    """A candidate that runs until it is killed, by the test or at the end."""
    command = [sys.executable, str(program), str(kubectl.kubeconfig), kubectl.namespace, name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def holder(kubectl: Kubectl) -> str:
    return kubectl.try_("get", "lease", "cook", "-o", "jsonpath={.spec.holderIdentity}").out


def test_the_second_takes_over_when_the_first_is_killed(kubectl: Kubectl, tmp_path: Path) -> None:
    program = tmp_path / "candidate.py"
    program.write_text(CANDIDATE)
    with candidate(kubectl, program, "first") as first:
        assert line(first) == "leads\n"
        assert holder(kubectl) == "first"  # the other is not there yet: on a busy machine the first may lose a lease of 3 s
        with candidate(kubectl, program, "second") as second:
            first.kill()
            assert line(second) == "leads\n"
    assert eventually(lambda: holder(kubectl) == "second")
