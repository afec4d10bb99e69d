"""A lab of one's own in one file: its copies, its checks on a cluster, and what is said about a file with a mistake."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from k8slab.cli import main
from k8slab.client import connect
from k8slab.errors import K8slabError
from k8slab.lessons import Lab, Progress, content_of
from k8slab.lessons.reports import named, progress
from k8slab.lessons.writing.copies import write_copies
from k8slab.lessons.writing.labfile import read_lab
from k8slab.sim.server import ServerConfig, ServerThread

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "example-lab.md"
CONTENT = content_of(str(EXAMPLE))


def code(notebook: Path) -> list[tuple[list[str], str]]:
    """Return the tags and the text of the code cells."""
    cells = json.loads(notebook.read_text())["cells"]
    return [(cell["metadata"].get("tags", []), "".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"]


def test_the_learner_copy_opens_the_lab_has_empty_exercises_and_looks_back(tmp_path: Path) -> None:
    source = tmp_path / "example-lab.md"
    source.write_text(EXAMPLE.read_text())
    (learner,) = write_copies(source)
    cells = code(learner)
    assert cells[0] == (["setup", "nbval-ignore-output"], 'import k8slab\n\nlab = k8slab.lab("example-lab.md")\nlab')
    assert [text for tags, text in cells if "exercise" in tags] == ["# your solution"] * 3
    assert [text for tags, text in cells if "check" in tags] == [f'lab.check("settings.{n}")' for n in (1, 2, 3)]
    assert [text for _, text in cells[-2:]] == ["lab.score()", "lab.debrief()"]
    assert not [hidden for e in CONTENT.exercises for hidden in (e.reason, *e.hints, e.solution) if hidden in learner.read_text()]


def test_the_solved_copy_differs_in_the_exercises_only(tmp_path: Path) -> None:
    (tmp_path / "example-lab.md").write_text(EXAMPLE.read_text())
    learner, solved = write_copies(tmp_path / "example-lab.md", solved=True)
    assert [text for tags, text in code(solved) if "exercise" in tags] == [e.solution for e in CONTENT.exercises]
    kept = [(cell["cell_type"], cell["source"]) for cell in json.loads(learner.read_text())["cells"]]
    other = [(cell["cell_type"], cell["source"]) for cell in json.loads(solved.read_text())["cells"]]
    assert sum(a != b for a, b in zip(kept, other, strict=True)) == 3


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "mine.md"
    source.write_text(EXAMPLE.read_text())
    assert command("write-lab", "--solved", str(source)) == 0
    assert capsys.readouterr().out.splitlines() == [
        f'written: "{tmp_path / name}"' for name in ("mine.ipynb", "mine-solved.ipynb")
    ]
    source.write_text(EXAMPLE.read_text().replace("title:", "titel:"))
    assert command("write-lab", str(source)) == 1
    assert capsys.readouterr().err.startswith('k8slab: mine.md, line 2: the header has no "titel"; known: title')


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("---\ntitle: Settings", "title: Settings", 'line 1: a lab begins with a header: "---", "title: …", "---"'),
        ("title: Settings from outside\n", "", 'line 2: the header has no "title"'),
        ("id: settings", "id: 01", '"01" cannot be the id of a lab'),
        ("id: settings", "id: Settings", '"Settings" cannot be the id of a lab'),
        ("{exercise} 2", "{exercise} 1", '"1" is the name of two blocks; the other is in line 28'),
        ("{exercise} 2", "{exercise}", "{exercise} is followed by its name"),
        ("{exercise} 2", "{task} 2", "unknown block {task}; known: checks, code-cell, exercise"),
        (
            "```\n\n## A pod that reads",
            "\n\n## A pod that reads",
            "line 27: the block exercise begins here and is not closed by ```",
        ),
        ('solution: lab.kubectl("create configmap settings --from-literal=THEME=dark")\n', "", 'exercise 1 has no "solution"'),
        ("reason: Every", "reason: [Every", "exercise 1 is not YAML"),
        ("reason: Every", "because: Every", 'exercise 1 has no "because"; known: task, check'),
        ("reason: Every pair", "reason: Once\nreason: Every pair", 'exercise 1 has "reason" twice'),
        ("- Which command makes an object without a file?\n", "", "exercise 1 needs two hints, a nudge and a pointer, not 1"),
        ("owns: [configmap/settings]", "owns: configmap/settings", '"owns" of exercise 1 is a list'),
        ("- Which command", "- which: command", '"hints" of exercise 1 must be a text'),
        ("  if settings:\n", "  if settings\n", "line 38: the check of exercise 1 is not Python: expected ':'"),
        ("def reference(deployment):", "def reference(deployment)", "line 14: the block {checks} is not Python: expected ':'"),
        ("def reference(deployment):", "absent\n\ndef reference(deployment):", "cannot be run: NameError: name 'absent' is not"),
        ("answer: 3", "answer: 4", 'the answer of predict a is the number of an option, 1 to 3, not "4"'),
        ("  right: yes\n", "", 'quiz q has one option with "right: yes", not 0'),
        ('lab.debrief("lost")', 'lab.debrief("found")', "there is no fault 'found'"),
        ("fault: lost", "fault: found", "there is no fault 'found'"),
        ("exercise: 3", "exercise: 9", "there is no exercise '9'"),
        ('lab.reveal("a")', 'lab.reveal("b")', "there is no prediction 'b'"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    source = tmp_path / "mine.md"
    assert EXAMPLE.read_text().count(old) >= 1
    source.write_text(EXAMPLE.read_text().replace(old, new, 1))
    with pytest.raises(K8slabError, match=r"^mine\.md, line \d+: ") as told:
        write_copies(source)
    assert said in str(told.value)
    assert not source.with_suffix(".ipynb").exists()


def test_a_check_that_yields_nothing_and_a_lab_without_exercises_are_told(tmp_path: Path) -> None:
    source = tmp_path / "mine.md"
    source.write_text(
        "---\ntitle: Mine\n---\n\n```{exercise} 1\ntask: a\nhints: [b, c]\nsolution: d\nreason: e\ncheck: pass\n```\n"
    )
    with pytest.raises(K8slabError, match="line 10: the check of exercise 1 yields nothing"):
        read_lab(source)
    source.write_text("---\ntitle: Mine\n---\n\n# Text\n")
    with pytest.raises(K8slabError, match="line 2: the lab has no exercise"):
        read_lab(source)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent.md", "cannot be read: No such file"),
        ("folder.md", "cannot be read: Is a directory"),
        ("mine.txt", r"ends with \.md"),
    ],
)
def test_a_file_that_is_no_lab_is_named(tmp_path: Path, name: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.md").mkdir()
    with pytest.raises(K8slabError, match=said):
        read_lab(Path(name))


def test_a_notebook_without_its_file_is_told_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(K8slabError, match=f'There is no "my-lab.md" in {tmp_path}: the file of a lab lies beside its notebook'):
        content_of("my-lab.md")


@pytest.mark.parametrize(("what", "lab", "exercise"), [("01", "01", None), ("01.2", "01", "01.2"), ("", "settings", None),
                                                       (".3", "settings", "settings.3")])  # fmt: skip
def test_a_reset_names_a_lab_or_an_exercise_of_it(what: str, lab: str, exercise: str | None) -> None:
    content, found = named(what if what.startswith("0") else f"{EXAMPLE}{what}")
    assert (content.id, found) == (lab, exercise)


# --- on a cluster ---


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerThread]:
    with ServerThread(ServerConfig(tmp_path_factory.mktemp("state"), seed=1, clock_mode="stepped")) as running:
        yield running


@pytest.fixture
def lab(server: ServerThread, tmp_path: Path) -> Iterator[Lab]:
    cluster = connect(kubeconfig=server.kubeconfig)
    opened = Lab(CONTENT, cluster, Progress(tmp_path / "progress.json"))
    opened.prepare()
    yield opened
    opened.leave()
    cluster.close()


def solve(lab: Lab, number: int, change: Callable[[str], str] = str) -> None:
    exec(compile(change(CONTENT.exercise(str(number)).solution), f"exercise {number}", "exec"), {"lab": lab})


@pytest.mark.parametrize("seed", ["1", "2"])
def test_its_solutions_are_right_whichever_way_it_is_broken(lab: Lab, seed: str, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("K8SLAB_SEED", seed)
    for number in (1, 2):
        assert not lab.check(str(number)).done
        solve(lab, number)
        assert lab.check(str(number)).done
    for _ in CONTENT.fault("lost").ways:
        lab.break_it("lost")
        assert "1 of 1 pods are ready" not in repr(lab.check("3"))
        assert not lab.check("3").done
        solve(lab, 3)
        assert lab.check("3").done
    lab.debrief("lost")
    assert "ConfigMap was" in capsys.readouterr().out
    assert {row[2] for row in lab.score().rows} == {"done"}


@pytest.mark.parametrize(
    ("number", "old", "new", "said"),
    [
        (1, "THEME=dark", "THEME=light", "THEME is 'light', not 'dark'"),
        (1, "configmap settings", "configmap setting", "there is no configmap/settings"),
        (2, "key: THEME", "key: theme", "THEME does not come from settings"),
        (2, "valueFrom: {configMapKeyRef: {name: settings, key: THEME}}", "value: dark", "THEME does not come from settings"),
        (2, "chatter/web:1.0", "chatter/rooms:1.0", "not chatter/web"),
    ],
)
def test_a_wrong_way_fails_with_the_sentence_that_fits(lab: Lab, number: int, old: str, new: str, said: str) -> None:
    if number > 1:
        solve(lab, 1)
    solve(lab, number, lambda solution: solution.replace(old, new))
    verdict = lab.check(str(number))
    assert not verdict.done
    assert said in repr(verdict)


def test_its_hints_its_reset_and_its_progress(lab: Lab, capsys) -> None:
    for _ in range(3):
        lab.hint("1")
    assert "Every pair becomes an entry" in capsys.readouterr().out
    solve(lab, 1)
    assert lab.check("1").done
    assert lab.reset("1") == "Exercise settings.1 begins anew; deleted: configmap/settings."
    assert not lab.progress.done("settings.1")


def test_the_report_for_a_class_leader_has_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SLAB_PROGRESS", str(tmp_path / "progress.json"))
    Progress().record_check("settings.2", True)
    said = progress(None, None, tmp_path / "page.html", "Ada", [EXAMPLE])
    assert said.splitlines()[-1].split() == ["settings", "Settings", "from", "outside", "1", "of", "3", "exercises", "done"]
    assert "<td>settings.2</td>" in (tmp_path / "page.html").read_text()
