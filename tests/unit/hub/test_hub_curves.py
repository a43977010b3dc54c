"""The numbers that charts of curves ask for, and which charts a page has."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import quote

import pytest
from starlette.datastructures import QueryParams
from starlette.requests import Request
from tests.parts.page_reader import PageReader

from sweepyard.domain.curves import Axis
from sweepyard.errors import RequestInvalid
from sweepyard.hub.dashboard.curve_section import curves_section
from sweepyard.hub.dashboard.curve_views import CurvesAsked, CurveView
from sweepyard.hub.dashboard.interest import by_interest
from sweepyard.hub.dashboard.packing import packed_json

SWEEP = "mutation ($input: UpsertSweepInput!) { upsertSweep(input: $input) { sweep { name } } }"
CONFIG = "method: random\nmetric: {name: loss}\nparameters: {a: {min: 0.0, max: 1.0}}"


@pytest.fixture
def reader(door: Any) -> PageReader:
    """Six runs of two models; the last of them logs nothing but NaN."""
    reader = PageReader(door)
    for place in range(6):
        run_id = f"r{place}"
        reader.begin(run_id, config={"model": "mlp" if place % 2 else "<b>"}, displayName=f"run {place}")
        rows = [f'{{"_step": {step}, "loss": {"NaN" if place == 5 else place + step}}}' for step in range(4)]
        reader.stream(run_id, history=rows, summary={"loss": place})
    return reader


def asked(reader: PageReader, query: str, page: str = "") -> Any:
    return json.loads(reader.page(f"{page}/curves.json?{query}"))


def drawn(answer: Any, metric: str = "loss") -> dict[str, list[float]]:
    """The means of each line, by name."""
    (chart,) = (each for each in answer["charts"] if each["metric"] == metric)
    return {answer["lines"][curve["line"]]["name"]: curve["mean"] for curve in chart["curves"]}


def test_the_runs_of_a_view_in_its_order(reader: PageReader) -> None:
    answer = asked(reader, "metric=loss&sort=%2Bid")
    assert answer["note"] == ""
    assert [line["key"] for line in answer["lines"]] == [f"r{place}" for place in range(6)]
    assert drawn(answer)["run 1"] == [1, 2, 3, 4]
    assert drawn(answer)["run 5"] == [None] * 4
    (chart,) = answer["charts"]
    assert chart["axes"] == [[0, 1, 2, 3]]
    assert {curve["line"]: curve["nan"] for curve in chart["curves"]}[5] == 4
    assert list(drawn(asked(reader, "metric=loss&filter=model+%3D+mlp&sort=-id"))) == ["run 5", "run 3", "run 1"]


def test_curves_that_are_known_are_not_sent_again(reader: PageReader) -> None:
    lines = asked(reader, "metric=loss&sort=%2Bid")["lines"]
    have = ",".join(str(line["stamp"]) for line in lines)
    reader.stream("r2", summary={"loss": 9})
    answer = asked(reader, f"metric=loss&sort=%2Bid&have={have}")
    assert list(drawn(answer)) == ["run 2"]
    assert len(answer["lines"]) == 6


def test_ticked_runs_are_drawn_whatever_the_filter_leaves(reader: PageReader) -> None:
    answer = asked(reader, "metric=loss&runs=r1,r4,none&filter=model+%3D+mlp&sort=%2Bid")
    assert list(drawn(answer)) == ["run 1", "run 4"]


def test_many_runs_are_a_sample_that_says_so(reader: PageReader) -> None:
    for place in range(6, 14):
        reader.begin(f"r{place}", config={"model": "mlp"})
    answer = asked(reader, "metric=loss&chart-runs=10&sort=%2Bid")
    assert (len(answer["lines"]), answer["note"]) == (10, "The first 10 of 14 runs, in the table's order")
    ticked = ",".join(f"r{place}" for place in range(12))
    answer = asked(reader, f"metric=loss&chart-runs=10&sort=%2Bid&runs={ticked}")
    assert answer["note"] == "10 of 12 selected runs, evenly chosen"
    answer = asked(reader, "metric=loss&chart-runs=10&group=config.model")
    assert answer["note"] == "10 of 14 runs, evenly chosen of all groups"
    assert sum(line["runs"] for line in answer["lines"]) == 10


def test_groups_are_means_with_how_many_runs_they_are_of(reader: PageReader) -> None:
    answer = asked(reader, "metric=loss&group=config.model&sort=-summary.loss")
    assert [line["name"] for line in answer["lines"]] == ["model = mlp", "model = <b>"]
    assert drawn(answer) == {"model = mlp": [2, 3, 4, 5], "model = <b>": [2, 3, 4, 5]}
    mlp, other = answer["charts"][0]["curves"]
    assert (mlp["runs"], mlp["count"], mlp["nan"]) == (2, [2] * 4, 4)
    assert other["low"][0] < 2 < other["high"][0]
    assert asked(reader, "metric=none&group=config.model")["charts"] == [{"metric": "none", "axes": [], "curves": []}]


def test_hidden_groups_are_not_drawn(reader: PageReader) -> None:
    grouped = "metric=loss&group=config.model&sort=-summary.loss"
    keys = [line["key"] for line in asked(reader, grouped)["lines"]]
    answer = asked(reader, f"{grouped}&hide={keys[1]}")
    assert (list(drawn(answer)), [line["key"] for line in answer["lines"]]) == (["model = mlp"], keys[:1])
    for place in range(6, 30):
        reader.begin(f"r{place}", config={"model": "mlp"})
    answer = asked(reader, f"{grouped}&hide={keys[1]}&chart-runs=10")
    assert answer["note"] == "10 of 27 runs, evenly chosen of the groups shown"
    answer = asked(reader, f"{grouped}&hide={','.join(keys)}")
    assert (answer["lines"], answer["note"]) == ([], "All groups are hidden")


def test_a_run_and_a_sweep_have_their_own(reader: PageReader, door: Any) -> None:
    answer = asked(reader, "metric=loss&from=1.5&to=1.7", "/runs/r1")
    assert drawn(answer) == {"run 1": [2, 3]}
    sweep = door.data(SWEEP, {"input": {"projectName": "p", "entityName": "lab", "config": CONFIG}})
    path = f"/sweeps/{sweep['upsertSweep']['sweep']['name']}"
    assert asked(reader, "metric=loss", path)["lines"] == []
    assert 'data-metric="loss"' in reader.page("")
    for missing in ("/lab/none", "/lab/p/runs/none", "/lab/p/sweeps/none"):
        assert reader.get(f"{missing}/curves.json?metric=loss").status_code == 404


def test_half_a_surrogate_pair_is_shown_as_the_replacement_character(reader: PageReader) -> None:
    reader.begin("odd", config={"model": "half \ud800"})
    reader.stream("odd", history=['{"_step": 0, "loss": NaN}', '{"_step": 1, "loss": 1}'])
    lines = asked(reader, "metric=loss&group=config.model")["lines"]
    assert "model = half \ufffd" in [line["name"] for line in lines]


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("", 1),
        ("metric=a&points=many&from=here&to=there&have=x", 4),
        ("metric=a&points=1", 1),
        ("metric=a&from=2&to=1", 1),
        ("metric=a&from=nan", 1),
        ("metric=a&chart-x=day&chart-runs=7&chart-smooth=100", 3),
        ("&".join(f"metric={place}" for place in range(51)), 1),
        (f"metric=a&have={','.join(['1'] * 201)}", 1),
        ("&".join(f"chart={place}" for place in range(51)), 1),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_all_faults(query: str, faults: int) -> None:
    with pytest.raises(RequestInvalid) as refused:
        CurvesAsked.of(QueryParams(query))
    assert len(refused.value.violations) == faults


def test_a_page_refuses_the_same(reader: PageReader) -> None:
    assert reader.get("/lab/p?chart-x=day").status_code == 400
    assert reader.get("/lab/p/curves.json?metric=a&filter=%3D").status_code == 400
    assert reader.get("/lab/p/curves.json?metric=a&group=config.").status_code == 400


def test_a_view_as_the_address_has_it() -> None:
    view = CurveView.of(
        QueryParams("chart=a&chart=b&chart=a&chart-x=time&chart-log=y&chart-log=z&chart-smooth=5&chart-size=large")
    )
    assert view == CurveView(charts=("a", "b"), axis=Axis.TIME, logarithmic=frozenset({"y"}), smoothing=5, large=True)


def test_what_a_search_is_for_comes_first_then_validation_then_epochs() -> None:
    metrics = [
        "z",
        "best/loss",
        "epoch/loss",
        "epoch/val_loss",
        "batch/loss",
        "epoch",
        "val_acc",
        "goal",
        "epoch/epoch",
    ]
    assert by_interest(metrics, ["goal"]) == (
        "goal",
        "epoch/val_loss",
        "epoch/loss",
        "val_acc",
        "z",
        "batch/loss",
        "best/loss",
    )
    few = ["goal", "epoch/val_loss", "z"]
    assert by_interest(metrics, ["goal"], few)[-3:] == ("best/loss", "epoch/val_loss", "z"), (
        "what few runs have is last"
    )


def test_a_page_has_few_charts_by_itself_and_those_that_are_chosen() -> None:
    metrics = [f"m{place:02}" for place in range(20)]
    usual = curves_section("/e/p", "/e/p", CurveView(), metrics)
    assert usual.charts == ("m00", "m01", "m02")
    assert [choice.value for choice in usual.run_choices if choice.chosen] == ["100"]
    run = curves_section("/e/p", "/e/p/runs/r", CurveView(charts=("x",)), metrics, of_given_runs=True)
    assert (run.charts, run.run_choices, run.data_url) == (("x",), (), "/e/p/runs/r/curves.json")


def test_other_parts_of_a_page_keep_the_choices(reader: PageReader) -> None:
    text = reader.page("?chart=" + quote("a&b") + "&chart-smooth=60")
    assert (
        "chart=a%26b&amp;chart-smooth=60&amp;sort" in text or "sort=-state&amp;chart=a%26b&amp;chart-smooth=60" in text
    )
    assert '<input type="hidden" name="chart-smooth" value="60"' in text


def request(accepts: str) -> Request:
    return Request({"type": "http", "headers": [(b"accept-encoding", accepts.encode())]})


def test_long_answers_are_packed_where_that_is_taken() -> None:
    long = {"numbers": [float("nan"), *range(2_000)]}
    plain, packed = packed_json(request("br"), long), packed_json(request("gzip, br"), long)
    assert plain.body.startswith(b'{"numbers":[null,0,1')
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "content-encoding" not in packed_json(request("gzip"), {"numbers": []}).headers
