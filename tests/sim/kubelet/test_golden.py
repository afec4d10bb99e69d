"""A table with a source for every row, and what walks it: who is evicted first."""

from pathlib import Path

import pytest
import yaml

from k8slab.sim.kubelet.eviction import PodMemory, order

EVICTION = yaml.safe_load((Path(__file__).parent / "golden/eviction.yaml").read_text("utf-8"))


@pytest.mark.parametrize("row", EVICTION, ids=lambda row: row["source"])
def test_the_order_of_eviction(row):
    pods = [PodMemory(name, priority, used << 20, asked << 20) for name, (priority, used, asked) in row["pods"].items()]
    assert [pod.key for pod in order(pods)] == row["want"]
    assert [pod.key for pod in order(pods[::-1])] == row["want"]


@pytest.mark.parametrize("row", EVICTION)
def test_every_row_says_where_it_comes_from(row):
    assert row["source"].startswith(("Test", "documentation: ", "helpers.go "))
