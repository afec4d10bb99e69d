"""Field selectors: what they say, what they choose, and of what."""

import pytest

from k8slab.apimachinery.fields import matches_fields, parse_field_selector, supported_fields
from k8slab.apimachinery.types import Object

POD: Object = {"metadata": {"name": "web"}, "spec": {"nodeName": "worker-1"}, "status": {"phase": "Running"}}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", True), ("spec.nodeName=worker-1", True), ("spec.nodeName==worker-1", True), ("spec.nodeName!=worker-1", False),
        ("status.phase=Running,spec.nodeName!=", True), ("spec.hostNetwork=false", True), ("metadata.name=api", False),
    ],
)  # fmt: skip
def test_what_a_field_selector_chooses(text: str, chosen: bool) -> None:
    assert matches_fields(parse_field_selector(text), POD) is chosen


def test_a_term_needs_an_operator() -> None:
    with pytest.raises(ValueError, match=r"invalid selector: 'status\.phase'; can't understand 'status\.phase'"):
        parse_field_selector("status.phase")


def test_every_kind_can_be_chosen_by_name() -> None:
    assert supported_fields("rooms.chat.example") == ("metadata.name", "metadata.namespace")
