"""What a real API server answered, asked again of ours.

``shared/recorded`` beside the checkout holds exchanges with Kubernetes 1.20.2 and the program that replays them. Where 1.37
answers otherwise, the difference stands in ``allowlist.yaml`` with its reason: scenario, step and field. A difference that
is not listed fails, and so does a line whose difference is gone.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.processes import K8slab

_HERE = Path(__file__).resolve().parent
_HOMES = (_HERE.parents[2] / "shared/recorded", Path("/work/shared/recorded"))
RECORDED = next((home for home in _HOMES if home.is_dir()), None)
SCENARIOS = sorted(RECORDED.glob("*.yaml")) if RECORDED else []
ALLOWED: list[dict[str, Any]] = yaml.safe_load((_HERE / "allowlist.yaml").read_text())

pytestmark = pytest.mark.skipif(RECORDED is None, reason=f'no recorded scenarios: "{_HOMES[0]}" does not exist')


@pytest.fixture(scope="module")
def replay() -> ModuleType:
    """The program that replays."""
    assert RECORDED is not None
    spec = importlib.util.spec_from_file_location("replay", RECORDED / "replay.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def differences(replay: ModuleType, scenario: dict[str, Any], answers: list[Any]) -> Iterator[tuple[int, str, str]]:
    """Yield step, field and text of each difference."""
    for number, (step, answer) in enumerate(zip(scenario["steps"], answers, strict=True), 1):
        for text in replay.compare(step, step["expect"], answer):
            yield number, text.partition(": ")[0], text


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenario(replay: ModuleType, server: K8slab, path: Path) -> None:
    scenario = yaml.safe_load(path.read_text())
    answers = replay.run(replay.Server(server.kubeconfig), scenario)
    allowed = {(line["step"], line["field"]) for line in ALLOWED if line["scenario"] == path.stem}
    found = {(step, field): text for step, field, text in differences(replay, scenario, answers)}
    unknown = [f"step {step} {text}" for (step, field), text in found.items() if (step, field) not in allowed]
    assert not unknown, "\n".join(unknown)
    assert not allowed - set(found), "these agree again: take them off allowlist.yaml"


def test_every_allowed_difference_has_a_reason_and_a_scenario() -> None:
    names = {path.stem for path in SCENARIOS}
    assert all(line["scenario"] in names for line in ALLOWED)
    assert all(len(line["reason"]) > 10 and set(line) == {"scenario", "step", "field", "reason"} for line in ALLOWED)
    keys = [(line["scenario"], line["step"], line["field"]) for line in ALLOWED]
    assert len(keys) == len(set(keys))
