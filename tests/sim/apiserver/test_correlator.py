"""Events stay few, as client-go's EventCorrelator keeps them."""

from k8slab.sim.apiserver.correlator import BURST, COMBINED, SIMILAR_SECONDS, Correlator, Said


def said(message: str, subject: str = "web", reason: str = "Unhealthy") -> Said:
    return Said(("kubelet", "worker-1"), subject, "Warning", reason, message)


def test_the_same_message_is_never_combined() -> None:
    correlator = Correlator()
    assert {correlator.admit(said("probe failed"), 0.0) for _ in range(BURST)} == {"probe failed"}


def test_from_the_tenth_different_message_on_they_are_combined() -> None:
    correlator = Correlator()
    written = [correlator.admit(said(f"message {n}"), 0.0) for n in range(12)]
    assert written[:9] == [f"message {n}" for n in range(9)]
    assert written[9:] == [f"{COMBINED}message {n}" for n in range(9, 12)]


def test_after_ten_quiet_minutes_counting_begins_anew() -> None:
    correlator = Correlator()
    for n in range(12):
        correlator.admit(said(f"message {n}"), 0.0)
    assert correlator.admit(said("message 12"), SIMILAR_SECONDS + 1) == "message 12"


def test_other_reasons_and_other_objects_are_counted_apart() -> None:
    correlator = Correlator()
    for n in range(9):
        correlator.admit(said(f"message {n}"), 0.0)
    assert correlator.admit(said("x", reason="BackOff"), 0.0) == "x"
    assert correlator.admit(said("x", subject="api"), 0.0) == "x"


def test_after_twenty_five_events_about_an_object_one_is_let_through_in_five_minutes() -> None:
    correlator = Correlator()
    for _ in range(BURST):
        correlator.admit(said("again"), 0.0)
    assert correlator.admit(said("again"), 1.0) is None
    assert correlator.admit(said("again"), 301.0) == "again"
    assert correlator.admit(said("again"), 302.0) is None
