"""docs/fidelity.md has a row for every kind that is served."""

import re
from pathlib import Path

from k8slab.sim.apiserver.resources import RESOURCES

TEXT = (Path(__file__).resolve().parent.parent / "docs/fidelity.md").read_text()
KINDS = TEXT.partition("\n## Kinds\n")[2].partition("\n## ")[0]
STATES = {"behaves", "stored only", "refused", "not there"}


def rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [row for line in lines if (row := [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])[1] != "state"]


def test_every_kind_has_one_row() -> None:
    documented = [row[0] for row in rows(KINDS)]
    assert len(documented) == len(set(documented))
    ours = {"Clock", "SchedulingTrace"}
    assert set(documented) - ours == {resource.kind for resource in RESOURCES}


def test_every_row_has_a_state_that_is_explained() -> None:
    wrong = [row for row in rows(TEXT) if len(row) != 3 or not any(row[1].startswith(state) for state in STATES | {"ours"})]
    assert not wrong
