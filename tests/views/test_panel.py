import xml.dom.minidom

from k8slab.views.drawing import glyph, path, polyline, rect, shapes_svg, text
from k8slab.views.look import TONES
from k8slab.views.panel import (
    button,
    cell,
    commands,
    controls,
    drawing,
    field,
    grid,
    lines,
    note,
    panel,
    panel_html,
    panel_text,
    select,
    slider,
)
from k8slab.views.scene import difference

SHAPES = [
    path("M0,0L5,5", "a", fill="a", dash="3 2"),
    polyline([(0, 0), (9, 9)], "no"),
    text(1, 2, "<3 pods>", tone="soft"),
    rect(0, 0, 10, 4, "card", stroke="line"),
    glyph("unready", 5, 5),
]


def everything() -> dict:
    blocks = {
        "n": note("It is <so>.", "warn"),
        "g": grid(("NODE", "SCORE"), [["n1", cell(96, "win", more="raw 9")]], "Scores"),
        "d": drawing(100, 50, "A line that falls.", SHAPES, (("T", "V"), [[1, 2]]), [(5, "at 1: 2")]),
        "c": controls(button("go", "Go"), select("s", "Pod", [("a", "A")]), slider("t", "Time", 1, 9), field("f", "Label")),
        "l": lines("Log", "No line yet."),
        "k": commands(("Look", "kubectl get pods")),
        "none": None,
    }
    return panel(
        "Title", "One sentence.", blocks, rows={"2": {"order": "2", "who": "b", "t": "two"}, "1": {"order": "1", "t": "one"}}
    )


def test_a_panel_keeps_its_blocks_in_order_and_leaves_out_what_is_not_there() -> None:
    blocks = everything()["blocks"]
    assert [key for key, b in sorted(blocks.items(), key=lambda kb: kb[1]["order"])] == ["n", "g", "d", "c", "l", "k"]


def test_a_change_in_one_block_sends_only_that_block() -> None:
    before, after = everything(), everything()
    after["blocks"]["n"] = {**after["blocks"]["n"], "t": "otherwise"}
    assert difference(before, after) == {"put": {"blocks": {"n": after["blocks"]["n"]}}}


def test_the_text_has_every_block_a_reader_needs() -> None:
    said = panel_text(everything())
    for words in ("One sentence.", "It is <so>.", "n1     96", "A line that falls.", "one\n[b] two", "kubectl get pods"):
        assert words in said


def test_the_page_without_scripts_has_pictures_with_words_and_nothing_unescaped() -> None:
    page = panel_html(everything())
    assert "data:image/svg+xml" in page
    assert 'alt="A line that falls."' in page
    assert "&lt;so&gt;" in page
    assert "<so>" not in page
    assert "<script" not in page


def test_a_drawing_is_well_formed_in_every_shape() -> None:
    svg = shapes_svg(drawing(100, 50, "x < y", SHAPES, ((), [])))
    xml.dom.minidom.parseString(svg)
    assert "&lt;3 pods&gt;" in svg


def test_every_tone_can_be_read_on_its_background() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for tone in ("ink", "soft", "ok", "no", "warn", "info", "win"):  # words; WCAG 2, level AA
        light, dark = (luminance(c) for c in TONES[tone])
        assert 1.05 / (light + 0.05) >= 4.5, tone
        assert (dark + 0.05) / (luminance("#111111") + 0.05) >= 4.5, tone
    for tone in "abcdef":  # lines and areas: three to one is enough
        light, dark = (luminance(c) for c in TONES[tone])
        assert 1.05 / (light + 0.05) >= 3, tone
        assert (dark + 0.05) / (luminance("#111111") + 0.05) >= 3, tone
