"""The shell: golden pairs of scripts and what they write, from shell.yaml; then what needs a clock."""

from pathlib import Path

import pytest
import yaml

from tests.sim.kubelet.world import World

CASES = yaml.safe_load((Path(__file__).parent / "shell.yaml").read_text())


@pytest.fixture(scope="module")
def box():
    world = World()
    world.shell("box", "sleep 1000000")
    return world


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["does"].replace(" ", "-"))
def test_a_script(box, case):
    code, out, err = box.run("box", "sh", "-c", case["script"])
    assert (code, out, err) == (case.get("code", 0), case.get("out", ""), case.get("err", ""))


def timed(world, script, seconds=1000):
    began = world.kernel.now()
    code, out, _ = world.run("box", "sh", "-c", script, seconds=seconds)
    return code, out, round(world.kernel.now() - began, 1)


def test_sleep_takes_simulated_time(box):
    assert timed(box, "sleep 5; sleep 0.5; echo done") == (0, "done\n", 5.5)


def test_background_jobs_run_side_by_side(box):
    assert timed(box, "sleep 3 & sleep 5 & wait; echo done") == (0, "done\n", 5)


def test_wait_gives_the_status_of_a_job(box):
    assert timed(box, "(sleep 1; exit 4) & wait $!; echo $?") == (0, "4\n", 1)


def test_a_signal_ends_a_job(box):
    assert timed(box, "sleep 100 & kill $!; wait $!; echo $?") == (0, "143\n", 0)


def test_a_trap_runs_after_the_foreground_command(box):
    assert timed(box, "trap 'echo caught' TERM; (sleep 1; kill -TERM $$) & sleep 3; echo end") == (0, "caught\nend\n", 3)


def test_timeout_ends_a_command(box):
    assert timed(box, "timeout 2 sleep 100; echo $?") == (0, "143\n", 2)


def test_until_waits_for_something(box):
    assert timed(box, "(sleep 7; touch /ready) & until [ -e /ready ]; do sleep 2; done; echo up") == (0, "up\n", 8)


def test_tail_follows_a_file(box):
    assert timed(box, "(for i in 1 2 3; do echo $i >> /log; sleep 2; done) & touch /log; timeout 9 tail -f /log") == (
        143,
        "1\n2\n3\n",
        9,
    )


@pytest.mark.parametrize("loop", ["while true; do :; done", "while :; do x=$((x+1)); done", "yes > /dev/null", "f() { f; }; f"])
def test_a_busy_loop_costs_simulated_time_and_does_not_hang_the_world(loop):
    world = World()
    world.shell("box", "sleep 1000")
    code, _, _ = world.run("box", "sh", "-c", f"timeout 3 sh -c '{loop}'", seconds=5)
    assert code in (143, 2, 127)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("b() { b | b & }; b; sleep 5; echo alive", ""),
        ("x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done", "sh: out of memory\n"),
        ("while true; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa >> /f; done", ""),
        ("x=x+1; echo $((x))", "sh: missing or invalid argument (or one that is not simulated)\n"),
        ("seq 1000000000", "seq: too many numbers for the simulation\n"),
    ],
)
def test_a_script_cannot_eat_the_host(script, error):
    world = World()
    world.shell("box", "sleep 1000")
    _, _, err = world.run("box", "sh", "-c", script, seconds=10)
    assert error in err
    assert world.run("box", "echo", "still here")[1] == "still here\n"


def test_a_busy_loop_shows_as_cpu_use():
    world = World()
    world.shell("burner", "while true; do :; done", resources={"limits": {"cpu": "200m"}})
    world.kernel.advance(60)
    assert 180 <= world.kubelets[0].usage()["chat/burner"]["c"]["cpu"] <= 200


def test_pipes_between_a_listener_and_a_client(box):
    assert timed(box, "nc -l -p 9000 > /got & echo hello | nc localhost 9000; wait; cat /got") == (0, "hello\n", 0)
