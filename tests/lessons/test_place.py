"""A lab's namespace, for somebody who may do everything in it and nothing beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from k8slab.client import Cluster, connect
from k8slab.client.identities import sign_in
from k8slab.cluster.capabilities import capabilities
from k8slab.errors import K8slabError
from k8slab.lessons import Exercise, Finding, Lab, LabContent, Progress, content_of
from k8slab.lessons.exercise import holds
from k8slab.sim.server import ServerConfig, ServerThread
from k8slab.views import EventsView, PodsView

ZOE = "system:serviceaccount:default:zoe"


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ServerThread(ServerConfig(tmp_path_factory.mktemp("state"), clock_mode="stepped", seed=1)) as server:
        cluster = connect(kubeconfig=server.kubeconfig)
        cluster.request("POST", "/api/v1/namespaces/default/serviceaccounts", body={"metadata": {"name": "zoe"}})
        yield cluster
        cluster.close()


@pytest.fixture
def zoe(admin: Cluster) -> Iterator[Cluster]:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}}
    answer = admin.request("POST", "/api/v1/namespaces/default/serviceaccounts/zoe/token", body=body)
    cluster = sign_in(admin, "zoe", {"token": answer["status"]["token"]})
    yield cluster
    cluster.close()


@pytest.fixture
def room(admin: Cluster) -> Iterator[str]:
    """A namespace that an administrator has made for her, as the lab asks for."""
    name = "lab-01"
    labels = {"app.kubernetes.io/managed-by": "k8slab"}
    admin.request("POST", "/api/v1/namespaces", body={"metadata": {"name": name, "labels": labels}})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}
    binding = {"metadata": {"name": "learner"}, "roleRef": role, "subjects": [{"kind": "User", "name": ZOE}]}
    admin.request("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}/rolebindings", body=binding)
    yield name
    admin.delete("namespaces", name)
    admin.clock.sleep(60)


def opened(cluster: Cluster, folder: Path) -> Lab:
    lab = Lab(content_of("01"), cluster, Progress(folder / "progress.json"))
    lab.prepare()
    return lab


def test_where_there_is_no_namespace_it_says_what_to_ask_for(zoe: Cluster, tmp_path: Path) -> None:
    with pytest.raises(K8slabError) as told:
        opened(zoe, tmp_path)
    assert str(told.value) == (
        f'You ("{ZOE}") may not make the namespace "lab-01", and there is none for you. Ask an administrator for: '
        "kubectl create namespace lab-01; kubectl label namespace lab-01 app.kubernetes.io/managed-by=k8slab; "
        f"kubectl create rolebinding learner -n lab-01 --clusterrole=admin --user={ZOE}"
    )


@pytest.mark.usefixtures("room")
def test_a_lab_opens_and_its_exercises_can_be_done(zoe: Cluster, admin: Cluster, tmp_path: Path) -> None:
    lab = opened(zoe, tmp_path)
    assert "nodes that you may not see. Your namespace is lab-01." in repr(lab)
    assert "there is no pod/rooms in namespace lab-01" in repr(lab.check("01.1")), "other namespaces cannot be looked into"
    lab.kubectl("run rooms --image=chatter/rooms:1.0 --labels=app=rooms")
    admin.clock.sleep(30)
    assert lab.check("01.1").done


@pytest.mark.usefixtures("room")
def test_what_a_check_may_not_see_is_said(zoe: Cluster, tmp_path: Path) -> None:
    def look(cluster: Cluster) -> Iterator[Finding]:
        yield holds("there is a room")
        cluster.list("nodes")

    lab = Lab(LabContent("01", "", (Exercise("01.1", "Look.", look, ("", ""), "", ""),)), zoe, Progress(tmp_path / "p.json"))
    verdict = lab.check("01.1")
    assert not verdict.done
    assert [f.ok for f in verdict.findings] == [True, False]
    assert verdict.findings[1].text == (
        f'your rights do not suffice to judge this. The API server answered 403 Forbidden: nodes is forbidden: User "{ZOE}" '
        'cannot list resource "nodes" in API group "" at the cluster scope'
    )


@pytest.mark.usefixtures("room")
def test_views_show_what_she_may_see(zoe: Cluster, admin: Cluster, tmp_path: Path) -> None:
    lab = opened(zoe, tmp_path)
    lab.kubectl("run rooms --image=chatter/rooms:1.0")
    admin.clock.sleep(30)
    pods, events = PodsView(zoe), EventsView(zoe)
    assert "rooms" in str(pods.current)
    assert "Scheduled" in str(events.current)
    assert [row[0] for row in lab.decision("rooms").rows] == ["Scheduled"], "the trace may not be read; the event says the rest"
    for view in (pods, events):
        view.close()


@pytest.mark.usefixtures("room")
def test_to_begin_anew_empties_the_namespace_and_does_not_lock_her_out(zoe: Cluster, admin: Cluster, tmp_path: Path) -> None:
    lab = opened(zoe, tmp_path)
    lab.kubectl("create deployment web --image=chatter/web:1.0")
    lab.kubectl("create configmap mine")
    admin.clock.sleep(20)
    assert lab.reset() == "Namespace lab-01 is empty; you may not delete it, so its Roles and RoleBindings stay."
    admin.clock.sleep(60)
    assert [c["metadata"]["name"] for c in zoe.list("configmaps")] == ["kube-root-ca.crt"]
    assert zoe.list("pods") == []


def test_what_she_may_not_use_of_the_glass_box_is_not_there_for_her(zoe: Cluster, admin: Cluster) -> None:
    hers, all_there_is = capabilities(zoe), capabilities(admin)
    for name in ("clock", "faults", "traces", "load"):
        assert name in all_there_is
        assert name not in hers
    assert hers["clock"].how == "the API group sim.k8slab.dev is served, but you may not patch clocks"
    assert hers["several-nodes"].there is None
