"""A learner predicts, answers, takes hints, repairs and looks back; it is remembered, and can be begun anew."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8slab.client import Cluster, connect
from k8slab.errors import K8slabError
from k8slab.lessons import Break, Exercise, Fault, Lab, LabContent, Option, Prediction, Progress, Quiz
from k8slab.lessons.exercise import holds, missing
from k8slab.lessons.learning import chosen_way
from k8slab.lessons.reports import all_contents
from k8slab.lessons.reports import progress as report
from k8slab.lessons.summary import Debrief, sign_off_page
from k8slab.sim.server import ServerConfig, ServerThread


def _note(cluster: Cluster) -> Iterator[object]:
    yield holds("there is a note") if cluster.find("configmap", "note") else missing("there is no note")


def _without(name: str):
    def inject(cluster: Cluster) -> None:
        cluster.delete("configmaps", name)

    return inject


def _scaled(name: str):
    def inject(cluster: Cluster) -> None:
        cluster.apps.patch_namespaced_deployment_scale(name, cluster.namespace, {"spec": {"replicas": 0}})

    return inject


CONTENT = LabContent(
    "99",
    "A lab for tests",
    exercises=(
        Exercise("99.1", "Write a note.", _note, ("Think.", "A ConfigMap."), "lab.kubectl('create cm note')", "It is one.",
                 owns=("configmap/note",), fault="gone"),
        Exercise("99.2", "Another.", _note, ("Think.", "A ConfigMap."), "pass", "So it is."),
    ),
    predictions=(Prediction("99.a", "What comes?", ("this", "that"), 1, "That is so."),),
    quizzes=(Quiz("99.q", "Which?", (Option("left", "Wrong side."), Option("right", "It is.", right=True))),),
    faults=(
        Fault("99.gone", "The note is gone.",
              (Break(_without("note"), "It was deleted."), Break(_without("x"), "Nothing was.")), "99.1"),
        Fault("99.absent", "The web is slow.", (Break(_scaled("web"), "It was scaled."),)),
    ),
    node_keys=("lab99",),
    owns=("gadget/that-this-cluster-does-not-know",),
    system=(("coredns", 2), ("not-there", 1)),
    reading=(("ConfigMaps", "https://kubernetes.io/docs/concepts/configuration/configmap/"),),
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    with ServerThread(ServerConfig(tmp_path_factory.mktemp("state"), clock_mode="stepped")) as running:
        yield running


@pytest.fixture
def lab(server: ServerThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.delenv("K8SLAB_SEED", raising=False)
    cluster = connect(kubeconfig=server.kubeconfig)
    opened = Lab(CONTENT, cluster, Progress(tmp_path / "progress.json"))
    opened.prepare()
    yield opened
    opened.leave()
    cluster.close()


def test_hints_come_in_three_stages_and_the_last_is_the_solution_with_its_reason(lab: Lab, capsys) -> None:
    for _ in range(4):
        lab.hint("1")
    said = capsys.readouterr().out
    assert "Hint 1 of 3 for 99.1. Think." in said
    assert "Hint 2 of 3 for 99.1. A ConfigMap." in said
    assert said.count("create cm note") == 2
    assert said.count("It is one.") == 2


def test_a_quiz_gives_its_reason_and_remembers_the_first_answer(lab: Lab, capsys) -> None:
    lab.quiz("q", 1)
    lab.quiz("q", 2)
    assert capsys.readouterr().out == "1. left: no. Wrong side.\n2. right: right. It is.\n"
    assert lab.progress.answered("99.q") is False
    with pytest.raises(K8slabError, match="choose 1 to 2"):
        lab.quiz("q", 3)
    with pytest.raises(K8slabError, match="There is no option '2': choose 1 to 2"):
        lab.quiz("q", "2")
    assert "1. left" in repr(lab.quiz("q"))


def test_a_debrief_comes_after_the_repair_and_tells_what_was_broken(lab: Lab, capsys) -> None:
    lab.debrief("gone")
    assert 'lab.break_it("gone") comes first' in capsys.readouterr().out
    lab.break_it("gone")
    lab.debrief("gone")
    assert 'First repair it: lab.check("99.1")' in capsys.readouterr().out
    lab.kubectl("create configmap note")
    assert lab.check("1").done
    capsys.readouterr()
    lab.debrief("gone")
    assert capsys.readouterr().out in ("It was deleted.\n", "Nothing was.\n")


def test_what_was_broken_is_not_told_before_this_time_s_repair(lab: Lab, capsys) -> None:
    lab.kubectl("create configmap note")
    lab.break_it("gone")
    lab.debrief("gone")
    assert 'First repair it: lab.check("99.1")' in capsys.readouterr().out
    if lab.cluster.find("configmap", "note") is None:
        lab.kubectl("create configmap note")
    assert lab.check("1").done
    lab.debrief("gone")
    assert capsys.readouterr().out.endswith(("It was deleted.\n", "Nothing was.\n"))
    lab.break_it("gone")
    capsys.readouterr()
    lab.debrief("gone")
    assert 'First repair it: lab.check("99.1")' in capsys.readouterr().out


def test_what_nobody_has_broken_cannot_be_repaired(lab: Lab) -> None:
    lab.kubectl("create configmap note")
    verdict = lab.check("1")
    assert not verdict.done
    assert 'nothing has been broken yet: lab.break_it("gone") comes first' in repr(verdict)
    assert not lab.progress.done("99.1")


def test_a_fault_takes_every_way_in_turn_in_an_order_of_the_learners_own() -> None:
    fault = Fault("99.f", "", tuple(Break(_without(str(n)), str(n)) for n in range(3)))
    orders = set()
    for seed in range(20):
        order = [chosen_way(fault, str(seed), time).debrief for time in range(1, 7)]
        assert sorted(order[:3]) == ["0", "1", "2"]
        assert order[3:] == order[:3]
        orders.add(tuple(order[:3]))
    assert len(orders) > 2


def test_one_exercise_begins_again_and_the_others_stay(lab: Lab) -> None:
    lab.break_it("gone")
    lab.kubectl("create configmap note")
    lab.kubectl("create configmap mine")
    assert lab.check("1").done
    assert lab.check("2").done
    lab.hint("1")
    assert lab.reset("1") == "Exercise 99.1 begins anew; deleted: configmap/note."
    assert lab.cluster.find("configmap", "mine")
    assert not lab.progress.done("99.1")
    assert lab.progress.hints("99.1") == 0
    assert lab.progress.done("99.2")
    assert lab.progress.broken("99.gone") == 2, "its fault is there again"


def test_a_whole_lab_begins_again_nodes_too(lab: Lab) -> None:
    lab.kubectl("create configmap note")
    lab.check("1")
    lab.kubectl("label node worker-1 lab99=x mine=y")
    lab.kubectl("taint node worker-1 lab99=x:NoSchedule")
    lab.kubectl("cordon worker-1")
    lab.kubectl("scale deployment coredns -n kube-system --replicas=0")
    assert lab.reset() == "Namespace lab-99 is new and empty."
    node = lab.cluster.get("node", "worker-1")
    assert node["metadata"]["labels"].get("lab99") is None
    assert node["metadata"]["labels"]["mine"] == "y"
    assert not node["spec"].get("taints")
    assert not node["spec"].get("unschedulable")
    assert lab.cluster.get("deployment", "coredns", "kube-system")["spec"]["replicas"] == 2
    assert lab.cluster.find("configmap", "note") is None
    assert not lab.progress.done("99.1")


def test_who_opens_a_lab_again_is_told_that_the_work_is_still_there(lab: Lab) -> None:
    assert "lab.reset() begins" not in repr(lab)
    lab.prepare()
    assert "lab.reset() begins" not in repr(lab), "nothing was done yet"
    lab.kubectl("create configmap note")
    again = Lab(CONTENT, lab.cluster, lab.progress)
    again.prepare()
    assert "Your work of before is still there; lab.reset() begins the lab anew." in repr(again)
    again.reset()
    assert "lab.reset() begins" not in repr(again)


def test_time_hurries_only_while_it_is_waited_for(lab: Lab) -> None:
    clock = lab.cluster.clock
    clock.set("real")
    try:
        before = clock.now()
        lab.sleep(10, faster=100)
        assert clock.now() >= before + 10
        assert clock.mode == "real"
    finally:
        clock.set("stepped")
    lab.sleep(5, faster=100)
    assert clock.mode == "stepped"


def test_a_node_that_was_out_of_service_before_the_lab_stays_so(lab: Lab) -> None:
    lab.leave()
    lab.kubectl("cordon worker-2")
    lab.prepare()
    lab.kubectl("cordon worker-1")
    lab.kubectl("taint node worker-2 lab99=x:NoSchedule")
    lab.leave()
    out = {node["metadata"]["name"] for node in lab.cluster.list("nodes") if node["spec"].get("unschedulable")}
    assert out == {"worker-2"}
    keys = [taint["key"] for taint in lab.cluster.get("node", "worker-2")["spec"].get("taints", ())]
    assert keys == ["node.kubernetes.io/unschedulable"]
    lab.kubectl("uncordon worker-2")
    lab.prepare()


def test_a_reset_does_not_wait_for_pods_that_take_their_time_to_end(lab: Lab) -> None:
    lab.kubectl("run shell --image=busybox:1.36 --command -- sleep infinity")
    lab.wait_for("pod/shell")
    before = lab.cluster.clock.now()
    lab.reset()
    assert lab.cluster.clock.now() < before + 20, "its grace period is 30 seconds"


def test_a_namespace_of_somebody_else_is_not_taken(lab: Lab) -> None:
    lab.cluster.core.create_namespace({"metadata": {"name": "theirs"}})
    other = Lab(CONTENT, lab.cluster, lab.progress, namespace="theirs")
    with pytest.raises(K8slabError, match="was not made by k8slab"):
        other.prepare()


def test_looking_back(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "progress.json")
    progress.record_check("99.1", True)
    progress.record_prediction("99.a", 0)
    progress.record_quiz("99.q", 1, True)
    said = repr(Debrief(CONTENT, progress))
    assert "1 of 2 exercises done, 1 of them without a hint." in said
    assert "Still open: 99.2." in said
    assert "You predicted once and were right 0 times." in said
    assert "Surprise: What comes? That is so." in said
    assert "Quizzes right at the first try: 1 of 1." in said
    assert "https://kubernetes.io/docs/concepts/configuration/configmap/" in said
    page = sign_off_page([CONTENT], progress, "Zoë <b>")
    assert "Zoë &lt;b&gt;" in page
    assert "<td>99.1</td><td>Write a note.</td><td>done</td><td>1</td><td>0</td>" in page
    assert "http" not in page


def test_progress_is_taken_to_another_machine_and_nothing_that_was_done_is_lost(tmp_path: Path) -> None:
    here, there = Progress(tmp_path / "here.json"), Progress(tmp_path / "there.json")
    here.record_check("01.1", True)
    here.record_prediction("01.a", 0)
    there.record_check("01.1", False)
    there.record_hint("01.1", 2)
    there.record_check("01.2", True)
    here.take(there.export())
    assert here.done("01.1")
    assert here.done("01.2")
    assert here.hints("01.1") == 2
    assert here.predicted("01.a") == 0


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"exercises": 1}', '{"something": {}}'])
def test_what_is_no_progress_is_refused_and_nothing_is_lost(tmp_path: Path, text: str) -> None:
    mine = Progress(tmp_path / "mine.json")
    mine.record_check("01.1", True)
    with pytest.raises(K8slabError, match="is not a progress file of k8slab"):
        mine.take(text)
    assert mine.done("01.1")
    mine.path.write_text(text)
    with pytest.raises(K8slabError, match=r"mine.json.* is not a progress file"):
        mine.done("01.1")


def test_the_report_has_every_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SLAB_PROGRESS", str(tmp_path / "progress.json"))
    Progress().record_check("00.1", True)
    said = report(tmp_path / "out.json", None, tmp_path / "page.html", "Ada")
    assert "00 Meet the cluster" in said
    assert "1 of 6 exercises done" in said
    assert len(said.splitlines()) == 2 + len(all_contents())
    assert "Ada" in (tmp_path / "page.html").read_text()
    assert '"00.1"' in (tmp_path / "out.json").read_text()
    with pytest.raises(K8slabError, match="cannot be written"):
        report(tmp_path / "no" / "out.json", None, None, "")


def test_a_fault_of_what_is_not_there_is_not_counted(lab: Lab) -> None:
    with pytest.raises(K8slabError, match="Run the cells further up first"):
        lab.break_it("absent")
    assert lab.progress.broken("99.absent") == 0


def test_what_two_notebooks_do_at_once_is_both_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = Progress(tmp_path / "progress.json"), Progress(tmp_path / "progress.json")
    saving, save = threading.Event(), Progress._save
    late = threading.Thread(target=other.record_check, args=("01.2", True))

    def save_slowly(progress: Progress, data: dict) -> None:
        if progress is one:
            late.start()
            late.join(0.3)  # it would have read the file by now, were it allowed to
            saving.set()
        save(progress, data)

    monkeypatch.setattr(Progress, "_save", save_slowly)
    one.record_check("01.1", True)
    late.join()
    assert saving.is_set()
    assert one.finished() == {"01.1", "01.2"}
