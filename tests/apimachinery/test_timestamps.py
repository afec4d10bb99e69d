"""Times as the API writes them, ages as tables print them."""

import pytest

from k8slab.apimachinery.timestamps import human_duration, parse_time, rfc3339, rfc3339_micro

MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119.9, "119s"), (120, "2m"), (121, "2m1s"), (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE, "10m"), (3 * HOUR - 1, "179m"), (3 * HOUR, "3h"), (3 * HOUR + MINUTE, "3h1m"), (8 * HOUR, "8h"),
        (47 * HOUR, "47h"), (2 * DAY, "2d"), (2 * DAY + HOUR, "2d1h"), (8 * DAY, "8d"), (730 * DAY, "2y"), (731 * DAY, "2y1d"),
        (3000 * DAY, "8y"),
    ],
)  # fmt: skip
def test_the_older_the_coarser(seconds: float, age: str) -> None:
    assert human_duration(seconds) == age


def test_times_are_read_as_they_are_written() -> None:
    moment = 1767225600.25
    assert (rfc3339(moment), rfc3339_micro(moment)) == ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.250000Z")
    assert parse_time(rfc3339_micro(moment)) == moment
    assert parse_time("2026-01-01T01:00:00+01:00") == int(moment)
