"""The page that compares runs: what differs, whether by chance, and what it says where there is nothing to compare."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.parts.page_reader import PageReader


@pytest.fixture
def reader(door: Any) -> PageReader:
    return PageReader(door)


@pytest.fixture
def two(reader: PageReader) -> PageReader:
    """Two runs, `a` and `b`."""
    reader.begin("a", config={"lr": 0.1, "model": "mlp", "output": "/a"}, displayName="first")
    reader.begin("b", config={"lr": 0.2, "model": "mlp", "output": "/b"}, displayName="<b>second</b>")
    reader.stream("a", summary={"acc": 0.5, "only": 1, "text": "x"})
    reader.stream("b", summary={"acc": 0.25})
    return reader


def repeated(reader: PageReader, *values: float, lr: float) -> list[str]:
    """Runs of one config with a seed each."""
    names = []
    for seed, value in enumerate(values):
        run_id = f"x{lr}-{seed}".replace(".", "")
        reader.begin(run_id, config={"lr": lr, "seed": seed})
        reader.stream(run_id, summary={"acc": value})
        names.append(run_id)
    return names


def rows(text: str, table: str) -> dict[str, str]:
    """The rows of a table by their first cells."""
    body = text.split(f'id="{table}"')[1].split("<tbody>")[1].split("</tbody>")[0]
    plain = [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row)).strip() for row in body.split("</tr>")]
    return {row.split(" ")[0]: row.partition(" ")[2] for row in plain if row}


def test_only_what_differs_unless_all_is_asked_for(two: PageReader) -> None:
    text = two.page("/compare?runs=a,b")
    assert rows(text, "config") == {"lr": "0.1 0.2"}
    every = two.page("/compare?runs=a,b&keys=all")
    assert rows(every, "config") == {"lr": "0.1 0.2", "model": "mlp mlp", "output": "/a /b"}
    assert "&lt;b&gt;second&lt;/b&gt;" in text
    assert "<b>second" not in text


def test_metrics_have_their_differences_to_the_base(two: PageReader) -> None:
    assert rows(two.page("/compare?runs=a,b"), "metrics") == {"acc": "0.5 0.25 −0.25", "only": "1 –"}
    assert rows(two.page("/compare?runs=a,b&base=b"), "metrics") == {"acc": "0.5 +0.25 0.25", "only": "1 –"}


def test_the_order_is_that_of_the_address(two: PageReader) -> None:
    assert rows(two.page("/compare?runs=b,a"), "config") == {"lr": "0.2 0.1"}
    assert rows(two.page("/compare?runs=b&runs=a,b"), "config") == {"lr": "0.2 0.1"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "2 to 20 runs can be compared; 0 are chosen."),
        ("?runs=a", "2 to 20 runs can be compared; 1 is chosen."),
        ("?runs=" + ",".join(f"r{place}" for place in range(21)), "2 to 20 runs can be compared; 21 are chosen."),
        ("?runs=none,neither", "Of the 2 runs to compare, 0 are still there."),
        ("?runs=a,<script>", "Of the 2 runs to compare, 1 is still there."),
    ],
)
def test_where_there_is_nothing_to_compare_the_page_says_so(two: PageReader, query: str, words: str) -> None:
    text = two.page(f"/compare{query}")
    assert words in text
    assert "<script>" not in text


def test_runs_that_are_gone_are_named(two: PageReader) -> None:
    two.begin("c")
    assert "No longer there" not in two.page("/compare?runs=a,b,c")
    two.delete("c")
    text = two.page("/compare?runs=a,b,c")
    assert "No longer there, or never: <bdi>c</bdi>." in text
    assert rows(text, "config") == {"lr": "0.1 0.2"}


def test_a_project_that_is_not_there_is_missed(reader: PageReader) -> None:
    assert reader.get("/lab/none/compare?runs=a,b").status_code == 404


def test_runs_without_anything_can_be_compared(reader: PageReader) -> None:
    reader.begin("a")
    reader.begin("b")
    text = reader.page("/compare?runs=a,b")
    assert "The configs are the same." in text
    assert "None of these runs has a number in its summary." in text
    assert "All of these runs repeat one another" in text
    assert "These runs have no config." in reader.page("/compare?runs=a,b&keys=all")


def test_no_number_and_no_end_of_numbers(reader: PageReader) -> None:
    reader.begin("a", config={"lr": 1})
    reader.begin("b", config={"lr": 2})
    reader.stream("a", summary={"nan": float("nan"), "inf": float("inf"), "big": 1e308, "long": 10**400})
    reader.stream("b", summary={"nan": 1.0, "inf": -1.0, "big": -1e308, "long": 1})
    found = rows(reader.page("/compare?runs=a,b"), "metrics")
    assert found["nan"] == "NaN 1"
    assert found["inf"] == "∞ -1"
    assert found["big"] == "1e+308 -1e+308"
    assert found["long"].endswith("0 1")


def test_a_difference_between_repeats_is_tested(reader: PageReader) -> None:
    ids = repeated(reader, 0.90, 0.91, 0.92, lr=0.1) + repeated(reader, 0.70, 0.71, 0.72, lr=0.2)
    text = reader.page(f"/compare?runs={','.join(ids)}")
    assert "0.91 ± 0.01" in text
    assert "−0.2, p &lt; 0.0001: lower, hardly by chance" in text
    assert "lr = 0.1" in text
    assert "There are" not in text  # one test alone
    chance = repeated(reader, 0.89, 0.91, 0.94, lr=0.3)
    assert "may be chance" in reader.page(f"/compare?runs={','.join(ids[:3] + chance)}")
    both = reader.page(f"/compare?runs={','.join(ids + chance)}")
    assert "There are 2 tests here" in both


def test_what_cannot_be_tested_says_why(reader: PageReader) -> None:
    several = repeated(reader, 0.2, 0.2, 0.2, lr=0.1)
    alone = repeated(reader, 0.5, lr=0.2)
    text = reader.page(f"/compare?runs={','.join(several + alone)}")
    assert "0.2 ± 0 <span" in text
    assert "+0.3: needs two runs or more in both groups" in text
    same = repeated(reader, 0.6, 0.6, lr=0.3)
    assert "+0.4: no spread to judge by" in reader.page(f"/compare?runs={','.join(several + same)}")
    assert "No two of these runs" in reader.page(f"/compare?runs={several[0]},{alone[0]}")


def test_a_sweep_may_call_its_seed_as_it_likes(door: Any, reader: PageReader) -> None:
    sweep = door.data(
        'mutation ($c: String) { upsertSweep(input: {config: $c, projectName: "p"}) { sweep { name } } }',
        {"c": "method: random\nprogram: t.py\nrepeats: {n: 2, key: draw}\nparameters: {lr: {min: 0.0, max: 1.0}}"},
    )["upsertSweep"]["sweep"]["name"]
    for place in range(2):
        reader.begin(f"r{place}", sweep=sweep, config={"lr": 0.5, "draw": place})
    assert "All of these runs repeat one another" in reader.page("/compare?runs=r0,r1")


def table(reader: PageReader, run_id: str, key: str, columns: list[str], data: list[list[Any]]) -> dict[str, Any]:
    """A table that a run has logged; what its summary has of it."""
    reader.upload(f"{key}.json", json.dumps({"columns": columns, "data": data}).encode(), run_id)
    return {key: {"_type": "table-file", "path": f"{key}.json"}}


def test_confusion_matrices_stand_side_by_side(two: PageReader) -> None:
    columns = ["Actual", "Predicted", "nPredictions"]
    two.stream("a", summary=table(two, "a", "cm", columns, [["x", "x", 7], ["x", "y", 1], ["y", "y", 8]]))
    text = two.page("/compare?runs=a,b")
    assert "93.75% of 16 on the diagonal." in text
    assert "This run has logged none." in text


def mistakes(reader: PageReader, run_id: str, data: list[list[Any]], digest: str | None) -> None:
    provenance = {} if digest is None else {"provenance": {"data": {"digest": digest}}}
    reader.begin(run_id, config=provenance)
    reader.stream(run_id, summary=table(reader, run_id, "wrong", ["index", "true", "predicted", "confidence"], data))


def test_predictions_on_which_records_disagree(reader: PageReader) -> None:
    mistakes(reader, "a", [[1, "7", "1", 0.9], [2, "7", "2", 0.8], [4, "0", "6", 0.7]], "d")
    mistakes(reader, "b", [[1, "7", "1", 0.9], [2, "7", "3", 0.5], [4, "1", "6", 0.7]], "d")
    text = reader.page("/compare?runs=a,b")
    record = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text.split("Predictions that differ")[1]))
    assert "a (3), b (3) recorded" in record
    assert "They agree on 1. 1 examples have other true classes" in record
    assert "2 – 7 2 80% 3 50%" in record
    assert "Whether they used the same data" not in record


def test_predictions_on_other_data_are_not_compared(reader: PageReader) -> None:
    mistakes(reader, "a", [[1, "7", "1", 0.9]], "d")
    mistakes(reader, "b", [[1, "7", "2", 0.9]], "e")
    assert "The runs used different data" in reader.page("/compare?runs=a,b")
    mistakes(reader, "c", [[1, "7", "2", 0.9]], None)
    text = reader.page("/compare?runs=a,c")
    assert "Whether they used the same data is not recorded." in text
    assert "not recorded</span>" not in text
    mistakes(reader, "d", [[1, "7", "1", 0.2]], "d")
    assert "The records do not differ." in reader.page("/compare?runs=a,d")


def test_five_hundred_keys(reader: PageReader) -> None:
    for place, run_id in enumerate("ab"):
        reader.begin(run_id, config={f"k{key:03}": key * place for key in range(500)})
    assert len(rows(reader.page("/compare?runs=a,b"), "config")) == 499
