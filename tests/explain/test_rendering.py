"""An answer says the same as text and as HTML, and HTML says it to a screen reader too."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from k8slab.explain import Answer, Evidence
from tests.explain.situations import cases

ANSWER = Answer(
    "pod.crash.error", "Container 'c' <ended> & \"died\".",
    "deployment/web", "spec.template.spec.containers[0]", "chat", "likely",
    (Evidence("log of container 'c'", "\nfirst line\nsecond line"),), "Correct it.", "kubectl logs web -n chat",
    ("you may not list nodes",),
)  # fmt: skip


class Words(HTMLParser):
    """The text of a page, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.tags, self.open = "", [], []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def test_the_text_has_every_part_in_order() -> None:
    lines = ANSWER.text().splitlines()
    assert lines[0] == ANSWER.sentence
    assert lines[1] == "Likely, not certain."
    headings = [line for line in lines if line.endswith(":") and not line.startswith(" ")]
    assert headings == ["responsible:", "seen:", "to change:", "not seen:"]
    assert lines[-1] == "next: kubectl logs web -n chat"
    assert "    second line" in lines


def test_a_healthy_answer_names_nobody_responsible() -> None:
    assert "responsible" not in Answer("pod.healthy", "pod/web is Ready.", "pod/web").text()


@pytest.mark.parametrize("case", cases()[::9], ids=lambda c: c.name)
def test_html_says_the_same_and_is_well_formed(case: object) -> None:
    answer = case.ask_now()  # type: ignore[attr-defined]
    page = Words(answer._repr_html_())
    assert page.open == []
    for part in (answer.sentence, answer.change, answer.command, *(e.text for e in answer.evidence)):
        assert " ".join(part.split()) in " ".join(unescape(page.text).split())
    assert set(page.tags) <= {
        "section",
        "p",
        "strong",
        "em",
        "dl",
        "dt",
        "dd",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "caption",
        "code",
    }


def test_what_comes_from_the_cluster_cannot_become_markup() -> None:
    assert "<ended>" not in ANSWER._repr_html_()
    assert re.search(r'<section[^>]* aria-label="', ANSWER._repr_html_())
