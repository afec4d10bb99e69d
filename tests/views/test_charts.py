import xml.dom.minidom
from itertools import pairwise

from k8slab.views.autoscaling import autoscaling_scene
from k8slab.views.charts import Chart, Series, charts
from k8slab.views.drawing import shapes_svg


def block(*series: Series, **more: float) -> dict:
    return charts([Chart("Replicas", series)], "Replicas over time.", **more)


STEPS = Series("pods", "a", ((100.0, 1), (110.0, 3), (120.0, 2)), "step")


def test_the_cursor_reads_out_every_line_at_a_moment() -> None:
    other = Series("ready", "b", ((105.0, 1),), "step")
    words = [reading for _, reading in block(STEPS, other)["readings"]]
    assert words == [
        "00:01:40:  pods 1",
        "00:01:45:  pods 1,  ready 1",
        "00:01:50:  pods 3,  ready 1",
        "00:02:00:  pods 2,  ready 1",
    ]


def test_a_limit_is_a_line_with_its_value_in_its_name_and_not_read_out() -> None:
    limit = Series("at most 4", "soft", ((100.0, 4),), "limit")
    drawn = block(STEPS, limit)
    assert all("at most" not in reading for _, reading in drawn["readings"])
    assert any(s["s"] == "text" and s["t"] == "at most 4" for s in drawn["shapes"])


def test_the_twin_has_the_same_numbers_as_the_picture() -> None:
    twin = block(STEPS)["twin"]
    assert twin["columns"] == ["TIME", "pods"]
    assert twin["rows"] == [["00:01:40", "1"], ["00:01:50", "3"], ["00:02:00", "2"]]


def test_counts_go_in_steps_and_stay_until_now() -> None:
    shapes = block(STEPS, now=140.0)["shapes"]
    line = next(s for s in shapes if s["s"] == "path" and s["tone"] == "a" and s["width"] == 2)
    points = [tuple(map(float, p.split(","))) for p in line["d"].removeprefix("M").split("L")]
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points))
    assert points[-1][0] > points[-2][0], "it goes on to now"


def test_names_at_the_end_of_lines_do_not_overlap_and_stay_inside() -> None:
    drawn = block(*(Series(f"s{i}", "a", ((0.0, 1), (9.0, 1))) for i in range(6)))
    places = sorted(s["y"] for s in drawn["shapes"] if s["s"] == "text" and s["t"].startswith("s"))
    assert all(b - a >= 12.9 for a, b in pairwise(places))
    assert places[-1] < drawn["h"]


def test_a_long_quiet_time_before_is_not_drawn_but_what_held_then_is() -> None:
    late = Series("pods", "a", ((0.0, 4), (5000.0, 5), (5010.0, 6)), "step")
    assert block(late)["readings"][0][1].endswith("pods 4")
    assert block(late)["readings"][0][1].startswith("01:23:1")
    assert block(late, span=1e9)["readings"][0][1].startswith("00:00:00")


def test_nothing_recorded_is_said_and_every_chart_is_well_formed() -> None:
    assert "Nothing recorded yet." in str(charts([Chart("x", ())], "x")["shapes"])
    xml.dom.minidom.parseString(shapes_svg(block(STEPS)))


def test_a_load_run_that_has_ended_asks_for_nothing_any_more() -> None:
    hpa = {"metadata": {"name": "web"}, "spec": {"maxReplicas": 3, "scaleTargetRef": {"kind": "Deployment", "name": "web"}}}
    status = {"series": [{"time": "2026-01-01T00:00:05Z", "target": 7}], "completionTime": "2026-01-01T00:00:08Z"}
    twin = autoscaling_scene(hpa, [], {"metadata": {"name": "rush"}, "status": status})["blocks"]["chart"]["twin"]
    asked = twin["columns"].index("asked for")
    assert [(row[0], row[asked]) for row in twin["rows"]] == [("00:00:05", "7"), ("00:00:08", "0")]
