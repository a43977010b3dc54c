"""How databases are named: by URLs that are read, and in errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from sweepyard.errors import StorageError
from sweepyard.storage.engine import open_engines
from sweepyard.storage.faults import named
from sweepyard.storage.opening import open_existing
from sweepyard.storage.unit_of_work import DATABASE_FILE

AWAY = "127.0.0.1:1"


@pytest.mark.parametrize(
    ("url", "received"),
    [
        ("postgres://ann:secret@host/name", "received postgres. "),
        ("postgresql+psycopg2://ann:secret@host/name", "received postgresql+psycopg2. "),
        ("mysql://ann:secret@host/name", "received mysql. "),
        ("sqlite+nonsense:///file.db", "received sqlite+nonsense. "),
        ("sqlite://file.db", "received sqlite without a file. "),
        ("sqlite://", "received sqlite without a file. "),
        ("ann:secret@host/name", "named by a URL. "),
    ],
)
def test_a_url_of_another_kind_is_refused_with_how_one_is_written(
    url: str, received: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StorageError) as refused:
        open_engines(url)
    told = str(refused.value)
    assert f"{received}Write postgresql://user@host/name" in told
    assert "secret" not in told
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://ann:secret@host/rows", "rows at host (user ann)"),
        ("postgresql:///rows?host=/run/sockets&user=ann&password=secret", "rows at /run/sockets (user ann)"),
        ("postgresql://eve:secret@other/none?host=host&user=ann&dbname=rows", "rows at host (user ann)"),
        ("postgresql://ann@/rows?host=one:5433&host=two:5434", "rows at one:5433,two:5434 (user ann)"),
        ("postgresql:///rows?hostaddr=10.0.0.9", "rows at 10.0.0.9 (user default)"),
        ("postgresql://ann@host", "ann at host (user ann)"),
        ("postgresql://", "default at the local socket (user default)"),
    ],
)
def test_errors_name_the_database_that_is_used_and_no_password(url: str, told: str) -> None:
    assert named(make_url(url), {}) == f"the PostgreSQL database {told}"


def test_what_a_url_leaves_out_is_told_from_postgresql_s_own_variables() -> None:
    variables = {"PGHOST": "host", "PGUSER": "ann", "PGDATABASE": "rows", "PGPASSWORD": "secret"}
    assert named(make_url("postgresql://"), variables) == "the PostgreSQL database rows at host (user ann)"
    assert named(make_url("postgresql://eve@one/two"), variables) == "the PostgreSQL database two at one (user eve)"


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        (f"host={AWAY}&user=ann&password=secret", "must answer; .*refused"),
        (f"host={AWAY}&host=127.0.0.1&port=1&user=ann&password=secret", "hosts and ports that go together; Can't mix"),
        (f"host={AWAY}&user=ann&passwrd=secret", 'must answer; invalid connection option "passwrd"'),
    ],
)
def test_a_url_whose_query_leads_nowhere_is_told(query: str, cause: str) -> None:
    with pytest.raises(StorageError, match=rf"rows at 127\.0\.0\.1\S* \(user ann\) .*{cause}") as refused:
        open_engines(f"postgresql:///rows?{query}")
    assert "secret" not in str(refused.value)


def test_a_hub_s_file_that_is_no_database_is_told_to_whoever_opens_it_beside_the_hub(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"no database " * 100)
    with pytest.raises(StorageError, match=r"the SQLite database .*hub\.db must be usable; file is not a database"):
        open_existing(tmp_path)
