"""Notes: Markdown in which nothing can run, and the charts that are asked for in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from sweepyard.domain.curves import Axis
from sweepyard.hub.dashboard.notes.markdown import ChartText, Prose, parts_of
from sweepyard.hub.dashboard.notes.notation import KEYS, ChartAsked, chart_asked, example_of

ALLOWED = {
    *("h2", "h3", "h4", "h5", "h6", "p", "em", "strong", "s", "a", "img", "ul", "ol", "li", "blockquote"),
    *("pre", "code", "table", "thead", "tbody", "tr", "th", "td", "br", "hr"),
}


class Elements(HTMLParser):
    """The elements of a piece of HTML with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def html_of(note: str) -> str:
    [part] = parts_of(note)
    assert isinstance(part, Prose)
    return part.html


def asked_in(text: str) -> ChartAsked:
    asked, faults = chart_asked(ChartText(text, 2))
    assert faults == []
    return asked


def faults_in(text: str, line: int = 2) -> list[str]:
    return [str(fault) for fault in chart_asked(ChartText(text, line))[1]]


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a <b onclick=alert(1)>b</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](\tjavascript:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](vbscript:x) [y](data:text/html,<script>) [z](file:///etc/passwd) [m](mailto:a@b)",
        "<javascript:alert(1)>",
        "![x](javascript:alert(1))",
        "![x](data:image/svg+xml,<svg onload=alert(1)>)",
        '![" onerror="alert(1)](/x.png "t\\" onload=\\"x")',
        "![a](https://evil.example/x.png) ![b](//evil.example/y.png) ![c](x.png)",
        '[x](/y "\\" onmouseover=\\"alert(1)")',
        "[x]: javascript:alert(1)\n\n[x]",
        "```<script>\nx\n```",
        "| a |\n|:-:|\n| <i onload=x> |",
        "<!-- --><![CDATA[x]]><?php ?>",
    ],
)
def test_nothing_in_a_note_can_run_or_asks_another_host(hostile: str) -> None:
    for note in (hostile, f"> {hostile}", f"# {hostile}", f"- {hostile}"):
        for tag, attributes in Elements(html_of(note)).found:
            assert tag in ALLOWED
            assert set(attributes) <= {"href", "rel", "src", "alt", "title", "class", "loading", "start"}
            assert not re.match(r"\s*(javascript|vbscript|data|file|mailto):", attributes.get("href") or "", re.I)
            assert (attributes.get("src") or "/").startswith("/")
            assert not (attributes.get("src") or "").startswith("//")


def test_links_lead_to_pages_and_say_nothing_of_where_they_stand() -> None:
    found = Elements(html_of("[a](https://example.org/x?y) [b](/lab/p) [c](#top) <http://example.org>")).found
    assert [attributes["href"] for tag, attributes in found if tag == "a"] == [
        *("https://example.org/x?y", "/lab/p", "#top", "http://example.org")
    ]
    assert {attributes["rel"] for tag, attributes in found if tag == "a"} == {"noopener noreferrer"}


def test_pictures_are_the_hubs_own_and_others_become_links() -> None:
    assert html_of("![a *plot*](/files/lab/p/r/x.png)") == (
        '<p><img src="/files/lab/p/r/x.png" alt="a plot" loading="lazy"></p>\n'
    )
    [_, (tag, attributes)] = Elements(html_of("![](https://example.org/x.png)")).found
    assert (tag, attributes["href"]) == ("a", "https://example.org/x.png")


def test_a_note_stands_below_the_pages_heading_and_has_no_styles() -> None:
    assert html_of("# One\n###### Six") == "<h2>One</h2>\n<h6>Six</h6>\n"
    table = html_of("| a | b | c |\n|---|:-:|--:|\n| 1 | 2 | 3 |")
    classes = ["", ' class="center"', ' class="right"']
    assert re.findall("<t[hd]( [^>]*)?>", table) == [*classes, *classes]
    assert "<s>gone</s>" in html_of("~~gone~~")


def test_a_note_is_cut_at_its_charts() -> None:
    note = "# a\n\n```chart\nmetric: x\n```\n```chart extra words\nmetric: y\n```\nb\n\n```charts\nno\n```\n"
    first, one, two, last = parts_of(note)
    assert first == Prose("<h2>a</h2>\n")
    assert (one, two) == (ChartText("metric: x\n", 4), ChartText("metric: y\n", 7))
    assert isinstance(last, Prose)
    assert "<code" in last.html
    assert parts_of("") == parts_of("\n\n") == ()


def test_a_chart_within_something_else_is_code() -> None:
    for note in ("- ```chart\n  metric: x\n  ```", "> ```chart\n> metric: x\n> ```", "    ```chart\n    metric: x"):
        assert "<code" in html_of(note)


def test_a_chart_says_all_that_it_can_say() -> None:
    text = """metric: [acc, "loss"]
x: epoch
sweep: ab12cd34
runs: model = convnet and lr > 1e-3
group: [config.model, seed]
sort: -acc
most: 25
smoothing: 0.6
log: [x, y]
"""
    assert asked_in(text) == ChartAsked(
        metrics=("acc", "loss"),
        axis=Axis.EPOCH,
        sweep="ab12cd34",
        runs="model = convnet and lr > 1e-3",
        group=("config.model", "seed"),
        sort="-acc",
        most=25,
        smoothing=60,
        logarithmic=frozenset({"x", "y"}),
    )


def test_a_chart_needs_its_metric_alone() -> None:
    asked = asked_in("metric: yes\nruns:\n")
    assert (asked.metrics, asked.axis, asked.most, asked.smoothing) == (("yes",), Axis.STEP, 100, 0)
    assert (asked.sweep, asked.runs, asked.group, asked.sort, asked.logarithmic) == ("", "", (), "", frozenset())


def test_all_that_is_wrong_with_a_chart_is_said_with_its_line() -> None:
    assert faults_in("x: steps\nmetrik: a\nmost: 3\nsmoothing: 1\nlog: z\nruns: [a]\nx: step\n? [a]\n: b") == [
        "line 3: a chart has no such key; received 'metrik'. Did you mean metric?",
        "line 7: runs is a text; received nesting",
        "line 8: a key stands once; received x",
        f"line 9: a chart has no such key; received ''. There are {', '.join(KEYS)}",
        "line 2: a chart names its metric, or a list of up to 50; received 0",
        "line 2: x is one of step, epoch, time; received 'steps'",
        "line 4: most is one of 10, 25, 50, 100, 200; received '3'",
        "line 6: log is x, y or both; received z",
        "line 5: smoothing is 0 to 0.99; received '1'",
    ]
    assert faults_in("metric: [a, [b]]")[0] == "line 2: metric is a text or a list of texts; received nesting"
    assert faults_in("smoothing: inf\nmetric: a") == ["line 2: smoothing is 0 to 0.99; received 'inf'"]
    assert faults_in("smoothing: nan\nmetric: a") == ["line 2: smoothing is 0 to 0.99; received 'nan'"]


@pytest.mark.parametrize(("text", "told"), [("", "nothing"), ("acc", "something else"), ("- a", "something else")])
def test_what_is_no_chart_at_all(text: str, told: str) -> None:
    assert faults_in(text) == [f"line 2: a chart is written in lines of `key: value`; received {told}"]


def test_text_that_is_no_yaml() -> None:
    [fault] = faults_in("metric: a\nx: [", line=10)
    assert re.match(r"line 1[12]: a chart is written as YAML, a line `key: value` each; received ", fault)
    assert len(faults_in("metric: a\nruns: x\x07")) == 1


@pytest.mark.parametrize("metric", ["acc", "epoch/val_loss", "yes", "a: b # c", "[x", "1e3", "\u05e9" * 300, "a  b"])
def test_an_example_asks_for_its_metric(metric: str) -> None:
    assert asked_in(example_of(metric)).metrics == (metric,)
