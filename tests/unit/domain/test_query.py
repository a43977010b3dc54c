from __future__ import annotations

import math
from datetime import timedelta

import pytest
from tests.fakes.deterministic import START

from sweepyard.domain.query import MAX_DEPTH, MAX_LENGTH, mongo_form, parse_query
from sweepyard.domain.run import RunState
from sweepyard.errors import RequestInvalid


@pytest.fixture
def run(make_run):
    return make_run(
        "ab12",
        state=RunState.FINISHED,
        display_name="Lively Run",
        config={
            "model": {"name": "convnet", "units": [64, 128]},
            "lr": 0.001,
            "flag": True,
            "my key": "a b",
            "host": 7,
            "text": "5",
            "date": "2026-11-20",
            "und": "and",
            "path": r"C:\new",
        },
        summary={
            "epoch/val_accuracy": 0.9875,
            "loss": math.nan,
            "top": math.inf,
            "_runtime": 61.5,
            "test": {"acc": 0.9},
        },
        tags=("best", "seed 1"),
        sweep_id="12345678",
        creator="ann",
        attempt=2,
        started_at=START + timedelta(hours=1),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n ",
        "epoch/val_accuracy > 0.98 and model.name = convnet",
        "epoch/val_accuracy>=.98 AND lr<1e-2",
        "summary.epoch/val_accuracy > 0.98 and config.lr <= 1.0e-3",
        "summary_metrics.test.acc = 0.9 and summaryMetrics.test.acc = .9 and test.acc = 0.90",
        "lr = 1e-3 or lr = 5",
        "lr != 5 and not lr = 5 and not not lr = 0.001",
        "model.units = 64 and model.units != 65 and model.units > 100",
        "flag = true and flag = TRUE and flag != false",
        '\'my key\' = "a b" and "config.my key" ~ ^a and "my key" exists',
        'text = "5" and text > "4" and text != 5',
        "host not exists and config.host = 7",
        "state = finished and state in (finished, running) and state not in (failed)",
        "id = ab12 and name ~ 'Lively Run' and name != ab12 and displayName exists",
        'name ~ "(?i)^lively\\b" and name ~ ^L|^M and not name ~ ^R',
        "tags = best and tag = 'seed 1' and tags != worst and tags in (worst, best) and tags exists",
        "sweep = 12345678 and user = ann and username = ann",
        "attempt = 2 and duration > 60 and duration < 6.2e1",
        "created <= 2026-11-21T08:00:01Z and created > 2026-11-20 and createdAt < '2026-11-22 10:00'",
        "started > 2026-11-21T09:30:00+01:00 and ended not exists and ended = null and heartbeat_at = null",
        "ended != null or started != null",
        "missing not exists and missing = null and missing != 3 and missing not in (1, 2) and not missing > 1",
        "not (state = failed or state = crashed) and (lr > 5 or (lr < 5 and flag = true))",
        # `and` before `or`, `not` before both.
        "lr = 0.001 or lr = 0.001 and lr = 7",
        "not lr = 7 or lr = 7 and lr = 7",
        "not lr = 7 and lr = 0.001",
        "loss exists and not loss <= inf and top > 1e300 and top <= inf and top = INF and lr > -inf",
        'date > "2026-11-19"',
        'und = "and" and "in" not exists and "true" not exists',
        r"""path = "C:\\new" and path = 'C:\new' and path != "it's" and path ~ '\\\\n' and path != 'it\'s'""",
        "lr > -1 and lr < +1",
        "group not exists and group = null and group != null or flag = true",
    ],
)
def test_passes(run, text: str) -> None:
    assert parse_query(text).matches(run)


@pytest.mark.parametrize(
    "text",
    [
        "epoch/val_accuracy > 0.99",
        "model = convnet",
        "lr = 0.001 and lr = 7 or flag = false",
        "(lr = 0.001 or lr = 0.001) and lr = 7",
        "not (lr = 0.001 and flag = true)",
        "not lr = 0.001 or lr = 7",
        "flag = 1",
        "text = 5",
        "lr = '0.001'",
        "loss > 0 or loss <= 0 or loss = inf",
        "missing > 1 or missing < 1 or missing ~ . or missing exists or missing != null",
        "model.units != 64",
        "state in (failed, running)",
        "tags not in (best, other) or tags not exists or tags = null",
        "name = 'lively run'",
        "name in ('')",
        "created > 2026-11-22",
        "duration < 60",
    ],
)
def test_fails(run, text: str) -> None:
    assert not parse_query(text).matches(run)


def test_runs_without_tags_have_none(make_run) -> None:
    assert parse_query("tags not exists and tags = null").matches(make_run(tags=()))
    assert not parse_query("tags exists").matches(make_run(tags=()))


def test_a_bare_name_is_looked_for_in_config_and_summary(make_run) -> None:
    in_config, in_summary = make_run(config={"x": 1}), make_run(summary={"x": 1})
    for query in ("x = 1", "x > 0", "x exists", "x in (1, 2)", "x != null"):
        assert parse_query(query).matches(in_config)
        assert parse_query(query).matches(in_summary)
    for query in ("x != 1", "x not exists", "x not in (1, 2)", "x = null"):
        assert not parse_query(query).matches(in_config)
        assert not parse_query(query).matches(in_summary)


def test_a_dotted_name_is_looked_for_in_what_swept_keys_came_to(make_run) -> None:
    swept = make_run(config={"model": "convnet", "resolved": {"model": {"name": "convnet"}}})
    assert parse_query("model.name = convnet").matches(swept)
    assert parse_query("model = convnet").matches(swept)
    assert not parse_query("model.name != convnet").matches(swept)
    assert not parse_query("config.model.name exists").matches(swept)
    assert not parse_query("name = convnet").matches(swept)


def test_the_form_has_operators_that_wandb_knows_and_its_spellings() -> None:
    assert mongo_form("val_accuracy > 0.98 and not name ~ ^a or created >= 2026-11-20 and job_type != train") == {
        "$or": [
            {
                "$and": [
                    {"$or": [{"config.val_accuracy": {"$gt": 0.98}}, {"summary_metrics.val_accuracy": {"$gt": 0.98}}]},
                    {"$nor": [{"displayName": {"$regex": "^a"}}]},
                ]
            },
            {"$and": [{"createdAt": {"$gte": "2026-11-20"}}, {"$nor": [{"jobType": "train"}]}]},
        ]
    }
    assert mongo_form(" ") == {}
    assert mongo_form("name ~ '('") == {"displayName": {"$regex": "("}}  # The server says what it takes.


def refusals(text: str) -> list[tuple[str, str]]:
    """(the characters from the place on, the rule with what was received and the hint) of each violation."""
    with pytest.raises(RequestInvalid) as caught:
        parse_query(text)
    found = []
    for violation in caught.value.violations:
        _, mark = violation.where.rsplit("\n", 1)
        place = int(mark.split()[-1]) - 1
        found.append((text[place:], str(violation).partition("\n")[2].partition(": ")[2]))
    return found


@pytest.mark.parametrize(
    ("text", "behind", "says"),
    [
        ("lr", "", "behind a name comes one of = != > >= < <= ~ in exists; received the end. Write lr = VALUE"),
        ("lr == 1", "== 1", "received '=='. Did you mean =?"),
        ("lr <> 1", "<> 1", "Did you mean !=?"),
        ("lr =>= 1", "=>= 1", "Did you mean >=?"),
        ("name !~ a", "!~ a", "Write not name ~ VALUE"),
        ("name contains a", "contains a", "Did you mean ~?"),
        ("name IS null", "IS null", "Did you mean =?"),
        ("state:finished", "", "Did you mean state = finished?"),
        ("state: finished", "finished", "Did you mean state = VALUE?"),
        ("my key = 1", "key = 1", 'Quote names with spaces: "my key"'),
        ("'my' 'key' = 1", "'key' = 1", "Write 'my' = VALUE"),
        ("lr not = 1", "= 1", "Other conditions: not NAME = VALUE"),
        ("lr >", "", "behind an operator comes a value; received the end. Write NAME = VALUE"),
        ("lr = and flag = true", "and flag = true", 'Quote it if it is one: "and"'),
        ("lr = (1)", "(1)", 'Quote it if it is one: "("'),
        ("and lr = 1", "and lr = 1", 'a condition begins with a name; received \'and\'. Quote it if it is one: "and"'),
        ("not", "", "a condition begins with a name; received the end"),
        ("= 1", "= 1", "a condition begins with a name"),
        ("lr = 1 flag = true", "flag = true", "joined by `and` or `or`; received 'flag'. Quote texts with spaces"),
        ("lr = 1 && flag = true", "&& flag = true", "Did you mean and?"),
        ("lr = 1 | flag = true", "| flag = true", "Did you mean or?"),
        ("lr = 1, flag = true", ", flag = true", "Did you mean and?"),
        ("lr = 1 adn flag = true", "adn flag = true", "Did you mean and?"),
        ("lr > 1 < 2", "< 2", "Name both bounds: NAME > 1 and NAME < 2"),
        ("lr = 1 'flag'", "'flag'", "conditions are joined by `and` or `or`; received 'flag'"),
        ("lr = 1 ~ 2", "~ 2", "conditions are joined by `and` or `or`; received '~'"),
        ("0.5 < 1", "0.5 < 1", "Turn it round: name > 1"),
        ("(lr = 1", "(lr = 1", "a ( is closed by a ) behind it"),
        ("lr = 1)", ")", "a ) closes a ( before it"),
        ("lr = 1) or (flag = true)", ") or (flag = true)", "a ) closes a ( before it"),
        ("lr in 1, 2", "1, 2", "behind `in` comes a list; received '1'. Write in (a, b)"),
        ("lr in (1 2)", "2)", "with commas between them; received '2'"),
        ("lr in (1 and flag = true", "and flag", "the values of a list stand between ( and )"),
        ("lr in ()", ")", "behind an operator comes a value"),
        ("lr in (1, null)", "null)", "a list holds values, and null is none"),
        ("lr = 'open", "'open", "a quotation ends with the mark that it begins with"),
        ("lr = “x”", "“x”", 'texts stand between straight quotation marks; received \'“x”\'. Write "'),
        ("lr > high", "high", "> compares with a number, or with a quoted text; received 'high'"),
        ("lr > a\\b", "a\\b", 'Write a number, or "a\\\\b"'),
        ("lr >= true", "true", ">= compares with a number"),
        ("lr < null", "null", "< compares with a number"),
        ("lr = NaN", "NaN", "NaN equals nothing"),
        ("lr > nan", "nan", "NaN equals nothing"),
        ("state = finish", "finish", "a state is one of pending, running, finished"),
        ("state in (running, FAILED)", "FAILED)", "Did you mean failed?"),
        ("attempt = two", "two", "this attribute compares with a number; received 'two'"),
        ("duration > '60'", "'60'", "Durations are in seconds"),
        ("attempt ~ 2", "2", "~ compares texts, and this is a number; received '2'. Use > >= < <="),
        ("created ~ 2026", "2026", "~ compares texts, and this is a time"),
        ("created > yesterday", "yesterday", "a time is written as 2026-11-21 or"),
        ("created > 0001-01-01T00:00:00+14:00", "0001", "a time is written as"),
        ("created = 2026-11-21", "2026-11-21", "times are compared with > >= < <="),
        ("created in (2026-11-21)", "2026-11-21)", "times are compared with > >= < <="),
        ("config. = 1", "config. = 1", "config. stands before a key"),
        ("'' = 1", "'' = 1", "a name has one character or more"),
        ("name ~ '('", "'('", "~ takes a regular expression: missing )"),
        ("name ~ " + "a" * 257, "a" * 257, "it has at most 256 characters, not 257"),
        ("(" * (MAX_DEPTH + 1) + "lr = 1", "(lr = 1", "parentheses and `not` nest at most 12 deep"),
        ("not " * (MAX_DEPTH + 1) + "lr = 1", "not lr = 1", "parentheses and `not` nest at most 12 deep"),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_where_it_is(text: str, behind: str, says: str) -> None:
    found = refusals(text)
    assert len(found) == 1
    assert found[0][0].startswith(behind)
    assert says in found[0][1]


def test_all_mistakes_are_told_at_once() -> None:
    found = refusals("lr >> 1 and (state = finish or not x = 1 y) or in (1 and (2)) and created = 2026-11-21 and z ~ *")
    assert [behind.split()[0] for behind, _ in found] == [">>", "finish", "y)", "in", "2026-11-21", "*"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("val_accuracy >> 0.9 andd model == convnet", [">>", "andd", "=="]),
        ("a = 1 && b = 2, c == 1 d is 4", ["&&", ",", "==", "d"]),
        ("x like 3 oor (b == 1", ["like", "oor", "(b", "=="]),
        ("state is finish AN attempt = two", ["is", "finish", "AN", "two"]),
        ("a = 1 andd", ["andd", ""]),
    ],
)
def test_reading_goes_on_with_what_was_meant(text: str, places: list[str]) -> None:
    assert [(behind.split() or [""])[0].removesuffix(",") or behind[:1] for behind, _ in refusals(text)] == places


def test_the_mark_stands_below_the_character() -> None:
    text = "lr = 1 and " * 20 + "lr\t>> 2 and " + "lr = 1 and " * 20 + "lr = 1"
    with pytest.raises(RequestInvalid) as caught:
        parse_query(text)
    line, mark = caught.value.violations[0].where.split("\n")
    assert line.startswith("...")
    assert line.endswith("...")
    assert len(line) < 100
    assert "\t" not in line
    assert mark.startswith(" ")
    assert line[mark.index("^") :].startswith(">> 2")
    assert mark.endswith(f"^ character {text.index('>>') + 1}")


def test_what_is_received_is_cut_short() -> None:
    assert f"received '{'x' * 60}...'" in refusals("created > " + "x" * 500)[0][1]


def test_a_filter_is_not_too_long() -> None:
    assert parse_query("lr = 1 or " * ((MAX_LENGTH - 10) // 10) + "lr = 1")
    with pytest.raises(RequestInvalid, match="at most 4,000 characters; received 4,001"):
        parse_query("x" * (MAX_LENGTH + 1))


def test_the_deepest_filter_is_one_that_servers_take() -> None:
    nested = "a = 1"
    for _ in range(MAX_DEPTH):
        nested = f"b = 1 or c = 1 and ({nested})"
    assert parse_query(nested)
    assert parse_query("not " * MAX_DEPTH + "a != 1")
