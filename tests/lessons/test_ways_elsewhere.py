"""The same checks on "any context": a cluster of another shape, reached by its kubeconfig, that has no glass box.

A second server, in a state directory of its own, stands behind a proxy that hides ``sim.k8slab.dev`` (`tests.hiding`). The
labs see neither its clock nor its traces: for them it is a cluster like any other, and waiting is waiting. So that this does
not take minutes, this computer's time, as the labs read it, is that of the server's stepped clock (`ComputersTime`). On each
lab every solution passes, and two of the wrong ways fail with the words that fit, as in `test_ways`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from k8slab.client import Cluster, connect
from k8slab.cluster.capabilities import capabilities
from k8slab.cluster.context import Context
from k8slab.errors import K8slabError
from k8slab.lessons import Lab, Progress, content_of
from k8slab.sim.server import ServerConfig, ServerThread
from k8slab.sim.shape import nodes_of_kind_config
from tests.hiding import Hiding
from tests.lessons.test_ways import LABS, Way, judge, ways_of

ROOT = Path(__file__).resolve().parents[2]


class ComputersTime:
    """Stands for the module ``time`` of a computer beside the cluster: whoever sleeps on it lets the cluster's time pass."""

    def __init__(self, cluster: Cluster) -> None:
        self._clock = cluster.clock

    def time(self) -> float:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        if seconds > 0.1:
            self._clock.sleep(seconds)
        else:  # a look now and then, until something happens
            self._clock.until(iter((False, True)).__next__, 60)


def telling(lab: str) -> list[Way]:
    """Return the solutions of a lab, and wrong ways of its first and its last exercise."""
    ways = ways_of(lab)
    wrong = [way for way in ways if way.says is not None]
    return [*(way for way in ways if way.name == "the solution of the lab"), wrong[0], wrong[-1]]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    folder = tmp_path_factory.mktemp("elsewhere")
    shape = nodes_of_kind_config(yaml.safe_load((ROOT / "clusters" / "high-availability.yaml").read_text()))
    config = ServerConfig(folder / "state", nodes=shape, seed=1, clock_mode="stepped")
    with ServerThread(config) as server, Hiding(folder / "state", folder) as proxy, pytest.MonkeyPatch.context() as patch:
        patch.setattr("k8slab.client.clock.time", ComputersTime(connect(kubeconfig=server.kubeconfig)))
        yield Context("elsewhere", proxy.kubeconfig)


def test_it_looks_like_any_other_cluster(elsewhere: Context) -> None:
    cluster = elsewhere.connect()
    able = capabilities(cluster)
    assert not [name for name in ("clock", "faults", "traces", "load") if name in able]
    assert "containers" in able
    assert cluster.clock.mode == "real"
    with pytest.raises(K8slabError, match="The cluster has no resource named 'loadruns'"):
        cluster.resource("loadruns")
    cluster.close()


@pytest.mark.parametrize("way", [way for lab in LABS for way in telling(lab)], ids=str)
def test_a_way(way: Way, elsewhere: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("K8SLAB_SEED", "1")
    monkeypatch.setenv("K8SLAB_PATIENCE", "120")  # a learner would look again
    content = content_of(way.exercise[:2])
    able = elsewhere.capabilities()
    missing = [able[need].line for need in content.exercise(way.exercise).needs if need not in able]
    if missing:
        pytest.skip(missing[0])
    lab = Lab(content, elsewhere.connect(), Progress(tmp_path / "progress.json"))
    lab.prepare()
    try:
        judge(way, lab)
    finally:
        lab.leave()
        lab.cluster.close()
