"""An exercise that changes what others use can be begun again, too: it puts back what it has changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from k8slab.client import connect
from k8slab.lessons import Lab, Progress, content_of
from k8slab.sim.server import ServerConfig, ServerThread

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "chatter/web:1.0"}]}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    with ServerThread(ServerConfig(tmp_path_factory.mktemp("state"), seed=1, clock_mode="stepped")) as running:
        yield running


@pytest.fixture
def opened(server: ServerThread, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Lab]:
    cluster = connect(kubeconfig=server.kubeconfig)
    lab = Lab(content_of(request.param), cluster, Progress(tmp_path / "progress.json"))
    lab.prepare()
    lab.apply(WEB.replace("REPLICAS", "2" if request.param == "00" else "3"))
    lab.wait_for("deployment/web", "updated")
    yield lab
    lab.leave()
    cluster.close()


def solve(lab: Lab, key: str) -> bool:
    exec(lab.content.exercise(key).solution, {"lab": lab, "web": WEB.replace("REPLICAS", "2")})
    return lab.check(key).done


@pytest.mark.parametrize("opened", ["02"], indirect=True)
def test_two_rollouts_instead_of_one_are_forgotten(opened: Lab) -> None:
    opened.kubectl("set image deployment/web web=chatter/web:1.2")
    opened.kubectl("set env deployment/web THEME=dark")
    assert "one after the other" in repr(opened.check("4"))
    assert opened.reset("4") == "Exercise 02.4 begins anew. web runs chatter/web:1.0, and its older versions are forgotten."
    assert "one after the other" not in repr(opened.check("4"))
    assert solve(opened, "4")


@pytest.mark.parametrize(
    ("opened", "key"), [("02", "2"), ("02", "3"), ("00", "2"), ("00", "5"), ("03", "5")], indirect=["opened"]
)
def test_what_was_solved_is_open_again_and_can_be_solved_again(opened: Lab, key: str) -> None:
    assert solve(opened, key)
    opened.reset(key)
    assert not opened.check(key).done
    assert solve(opened, key)


@pytest.mark.parametrize("opened", ["02"], indirect=True)
def test_what_is_not_there_is_said(opened: Lab) -> None:
    opened.cluster.delete("deployments", "web")
    opened.wait_for("deployment/web", "deleted")
    assert opened.reset("3").endswith("There is no deployment/web: apply it first.")


@pytest.mark.parametrize("opened", ["09"], indirect=True)
def test_rights_are_taken_away_under_whichever_name_they_were_given(opened: Lab) -> None:
    opened.kubectl("create configmap chatter --from-literal=ROOM=lobby")
    opened.kubectl("create role mine --verb=get,patch,update --resource=configmaps --resource-name=chatter")
    opened.kubectl("create rolebinding mine --role=mine --user=lin")
    assert opened.check("3").done
    assert opened.reset("3") == "Exercise 09.3 begins anew. Taken away: rolebinding/mine."
    assert not opened.check("3").done


@pytest.mark.parametrize("opened", ["09"], indirect=True)
def test_a_namespace_enforces_again_what_it_did_before(opened: Lab) -> None:
    assert solve(opened, "6")
    assert opened.reset("6") == "Exercise 09.6 begins anew; deleted: pod/gateway. The namespace enforces baseline again."
    assert "enforces the level baseline" in repr(opened.check("6"))


@pytest.mark.parametrize("opened", ["09"], indirect=True)
def test_a_fault_is_there_again_also_beside_what_repaired_it_before(opened: Lab) -> None:
    opened.break_it("forbidden")
    opened.kubectl("create role mine --verb=list --resource=pods,deployments")
    opened.kubectl(f"create rolebinding mine --role=mine --serviceaccount={opened.namespace}:reporter")
    assert opened.check("7").done
    opened.reset("7")
    assert not opened.check("7").done
