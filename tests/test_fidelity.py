"""docs/fidelity.md has a row for every kind that is served."""

import re
from pathlib import Path

from k8slab.sim.apiserver.strategy.stored_only import STORED_ONLY
from k8slab.sim.server import ServerConfig, ServerThread
from tests.http import Caller

TEXT = (Path(__file__).resolve().parent.parent / "docs/fidelity.md").read_text()
KINDS = TEXT.partition("\n## Kinds\n")[2].partition("\n## ")[0]
STATES = {"behaves", "stored only", "refused", "not there"}


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [row for line in lines if (row := [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])[1] != "state"]


def served_kinds(call: Caller) -> set[str]:
    accept = {"Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"}
    groups = [group for path in ("/api", "/apis") for group in call("GET", path, headers=accept).json["items"]]
    resources = [r for group in groups for version in group["versions"] for r in version["resources"]]
    return {r["responseKind"]["kind"] for r in resources if "responseKind" in r}


def test_every_kind_has_one_row(tmp_path: Path) -> None:
    documented = [row[0] for row in rows(KINDS)]
    assert len(documented) == len(set(documented))
    with ServerThread(ServerConfig(tmp_path, clock_mode="stepped", durable=False)) as server:
        assert server.kubeconfig is not None
        served = served_kinds(Caller(server.kubeconfig))
    assert set(documented) == served


def test_who_writes_a_kind_that_is_stored_only_is_told_so() -> None:
    documented = {kind for kind, state, _ in rows(KINDS) if state == "stored only"}
    assert documented - {"PodTemplate"} == {kind for _, kind in STORED_ONLY}, "nothing reads PodTemplates upstream either"


def test_every_row_has_a_state_that_is_explained() -> None:
    wrong = [row for row in rows(TEXT) if len(row) != 3 or not any(row[1].startswith(state) for state in STATES | {"ours"})]
    assert not wrong
