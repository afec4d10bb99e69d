"""A learner's own programs elect a leader among themselves, with the official Python client."""

import subprocess
import sys
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


def candidate(kubectl: Kubectl, program: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(program), str(kubectl.kubeconfig), kubectl.namespace, name]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def holder(kubectl: Kubectl) -> str:
    return kubectl.try_("get", "lease", "cook", "-o", "jsonpath={.spec.holderIdentity}").out


def test_the_second_takes_over_when_the_first_is_killed(kubectl: Kubectl, tmp_path: Path) -> None:
    program = tmp_path / "candidate.py"
    program.write_text(CANDIDATE)
    with candidate(kubectl, program, "first") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "leads\n"
        with candidate(kubectl, program, "second") as second:
            assert second.stdout is not None
            assert holder(kubectl) == "first"
            first.kill()
            assert second.stdout.readline() == "leads\n"
            second.kill()
    assert eventually(lambda: holder(kubectl) == "second")
