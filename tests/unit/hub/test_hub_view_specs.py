"""W&B's specifications of reports, read as notes."""

from __future__ import annotations

from typing import Any

import pytest

from sweepyard.hub.dashboard.notes.markdown import ChartText, Prose, parts_of
from sweepyard.hub.dashboard.notes.notation import chart_asked
from sweepyard.hub.view_specs import markdown_of, sweep_of


def leaf(name: str, value: Any, *, section: str = "run", op: str = "=", **more: Any) -> dict[str, Any]:
    return {"key": {"section": section, "name": name}, "op": op, "value": value, **more}


def runs(*filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"enabled": True, "filters": {"filterFormat": "filterV2", "filters": list(filters)}, **more}


def grid(*sets: dict[str, Any], panels: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "type": "panel-grid",
        "metadata": {"runSets": list(sets), "panelBankSectionConfig": {"panels": list(panels)}},
    }


def plot(**config: Any) -> dict[str, Any]:
    return {"viewType": "Run History Line Plot", "config": config}


def text(*children: Any, kind: str = "paragraph", **more: Any) -> dict[str, Any]:
    return {"type": kind, "children": [{"text": each} if isinstance(each, str) else each for each in children], **more}


def html_of(*blocks: dict[str, Any]) -> str:
    return "".join(part.html for part in parts_of(markdown_of({"blocks": list(blocks)})) if isinstance(part, Prose))


def test_texts_keep_what_they_mean() -> None:
    link = {"type": "link", "url": "https://example.org/a b<>", "children": [{"text": "here]"}]}
    assert html_of(
        text("One", kind="heading", level=1),
        text(
            "a ", link, {"text": "code", "inlineCode": True}, {"text": "b", "bold": True}, {"text": "i", "italic": True}
        ),
        text("quoted", kind="block-quote"),
        {"type": "horizontal-rule", "children": [{"text": ""}]},
        {"type": "markdown-block", "content": "*mine*"},
    ) == (
        "<h2>One</h2>\n"
        '<p>a <a href="https://example.org/ab" rel="noopener noreferrer">here]</a><code>code</code>'
        "<strong>b</strong><em>i</em></p>\n"
        "<blockquote>\n<p>quoted</p>\n</blockquote>\n<hr />\n<p><em>mine</em></p>\n"
    )


@pytest.mark.parametrize(
    "literal", ["# no", "*no*", "- no", "1. no", "```chart", "<b>", "[a](b)", "> no", "a_b_c", "| a |"]
)
def test_plain_text_is_no_markdown(literal: str) -> None:
    [part] = parts_of(markdown_of({"blocks": [text(literal)]}))
    assert isinstance(part, Prose)
    assert part.html == f"<p>{literal.replace('<b>', '&lt;b&gt;').replace('> no', '&gt; no')}</p>\n"


def test_lists_and_code() -> None:
    items = [{"type": "list-item", "children": [text("a")]}, {"type": "list-item", "children": [text("b")]}]
    assert "<ul>\n<li>a</li>\n<li>b</li>\n</ul>" in html_of({"type": "list", "children": items})
    assert "<ol>" in html_of({"type": "list", "ordered": True, "children": items})
    lines = [{"type": "code-line", "children": [{"text": line}]} for line in ("```chart", "metric: x", "```")]
    [part] = parts_of(markdown_of({"blocks": [{"type": "code-block", "children": lines}]}))
    assert isinstance(part, Prose)
    assert "<code>```chart\nmetric: x\n```\n</code>" in part.html


def test_line_plots_become_charts() -> None:
    plots = (
        plot(metrics=["acc", "no"], xAxis="_runtime", smoothingWeight=1.0, yLogScale=True),
        plot(metrics=["loss"], xAxis="_step"),
        {"viewType": "Scatter Plot", "config": {}},
    )
    chosen = runs(
        leaf("sweep", "s1"),
        leaf("lr", 0.5, section="config", op=">="),
        leaf("state", "finished"),
        leaf("off", 1, section="config", disabled=True),
        grouping=[{"section": "config", "name": "optimizer"}],
    )
    first, second, last = parts_of(markdown_of({"blocks": [grid(chosen, runs(enabled=False), panels=plots)]}))
    assert isinstance(first, ChartText)
    assert isinstance(second, ChartText)
    asked, faults = chart_asked(first)
    assert faults == []
    assert (asked.metrics, asked.axis.value, asked.smoothing) == (("acc", "no"), "time", 99)
    assert (asked.sweep, asked.group, asked.logarithmic) == ("s1", ("config.optimizer",), frozenset("y"))
    assert asked.runs == 'config.lr >= 0.5 and state = "finished"'
    assert chart_asked(second)[0].metrics == ("loss",)
    assert isinstance(last, Prose)
    assert last.html == "<p><em>Not drawn here: Scatter Plot.</em></p>\n"


def test_filters_that_nobody_knows_are_told() -> None:
    either = {"op": "OR", "filters": [leaf("a", 1, section="config"), leaf("b", 1, section="config")]}
    for strange in (either, leaf("tags", ["x"]), leaf("a", 1, section="keys"), leaf("a", 1, section="config", op="~")):
        note = markdown_of({"blocks": [grid(runs(strange), panels=(plot(metrics=["a"]),))]})
        assert "filters of these runs are unknown here" in note


def test_the_sweep_that_a_report_is_about() -> None:
    one, other = runs(leaf("sweep", "s1")), runs(leaf("sweep", "s2"))
    assert sweep_of({"blocks": [text("x"), grid(one), grid(one, one)]}) == "s1"
    assert sweep_of({"blocks": [grid(one, other)]}) is None
    assert sweep_of({"blocks": [grid(one), grid(runs())]}) is None
    assert sweep_of({"blocks": []}) is None


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"blocks": None},
        {"blocks": [1, "x", {}, {"type": 3}, {"type": "heading", "level": "x"}, {"type": "list", "children": 7}]},
        {"blocks": [{"type": "panel-grid", "metadata": {"runSets": [{"filters": {"filters": [{"key": 1}]}}]}}]},
        {"blocks": [grid(runs(leaf("a", {"b": 1})), panels=(plot(metrics=1), plot(metrics=[]), {"config": 1}))]},
        {"blocks": [{"type": "image", "url": "javascript:alert(1)", "children": [{"text": "x"}]}]},
    ],
)
def test_any_json_can_be_read(spec: Any) -> None:
    for part in parts_of(markdown_of(spec)):
        assert not isinstance(part, Prose) or ("<img" not in part.html and 'href="javascript' not in part.html)
    assert sweep_of(spec) is None
