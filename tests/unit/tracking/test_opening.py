"""Which tracker a config and an environment ask for, and what stands in the way."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sweepyard.config.schema import TrackingConfig
from sweepyard.errors import TrackingError
from sweepyard.tracking.memory import NoopTracker
from sweepyard.tracking.opening import Server, open_tracker


def opened(mode, tmp_path, *, server=None, run_id=None, environ=None):
    return open_tracker(
        TrackingConfig(mode=mode),
        server=server,
        output=tmp_path / "out",
        run_id=run_id,
        name=None,
        notes="",
        resume=False,
        environ=environ or {},
    )


def test_disabled_tracks_nothing_and_leaves_nothing(tmp_path):
    tracker = opened("disabled", tmp_path, run_id="mine")
    assert isinstance(tracker, NoopTracker)
    assert tracker.run_id == "mine"
    assert not (tmp_path / "out").exists()


def test_a_run_without_an_id_takes_the_environment_s_or_a_new_one(tmp_path):
    assert opened("disabled", tmp_path, environ={"WANDB_RUN_ID": "theirs"}).run_id == "theirs"
    first, second = (opened("disabled", tmp_path).run_id for _ in range(2))
    assert first != second
    assert len(first) == 8


def test_mode_hub_needs_a_hub(tmp_path):
    with pytest.raises(TrackingError, match="tracking=hub needs a hub"):
        opened("hub", tmp_path)


def test_a_key_is_never_shown():
    assert "secret" not in repr(Server("http://127.0.0.1:1", "secret", "e"))


def test_a_hub_that_is_away_is_an_error_that_says_what_to_do(tmp_path, refused_url, monkeypatch):
    monkeypatch.setattr("sweepyard.tracking.probe._PAUSE_SECONDS", 60.0)  # longer than its patience: ask once
    with pytest.raises(TrackingError, match=r"does not answer .*sweepyard hub serve.*tracking=offline"):
        opened("hub", tmp_path, server=Server(refused_url, "k" * 40, "e"))


def test_a_wrong_key_is_an_error_that_says_what_to_do(tmp_path, plain_server):
    plain_server.answers = [(401, "{}")]
    with pytest.raises(TrackingError, match=r"API key must be one that .* knows.*hub env"):
        opened("hub", tmp_path, server=Server(plain_server.url, "k" * 40, "e"))


def test_a_parameter_file_that_is_missing_is_named(tmp_path):
    from sweepyard.tracking.opening import _swept_keys

    with pytest.raises(TrackingError, match=r"parameter file; .*none\.yaml"):
        _swept_keys({"WANDB_SWEEP_PARAM_PATH": str(tmp_path / "none.yaml")})
    assert _swept_keys({}) == frozenset()


@pytest.mark.slow
def test_opening_is_light_until_it_is_used():
    script = "import sys, sweepyard.tracking.opening\nprint([m for m in ('wandb', 'yaml', 'PIL') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({}, "W&B needs a login; there is none for https://"),
        ({"WANDB_API_KEY": "short"}, "the W&B login is not usable"),
    ],
)
def test_no_login_is_an_error_not_a_question(run_offline, environ, reason):
    run = run_offline(
        """
try:
    open_it("wandb")
except TrackingError as error:
    result(str(error))
""",
        mode="",
        **environ,
    )
    assert run.results[0].startswith(reason)
    assert not (run.output / "home" / ".netrc").exists()


@pytest.mark.slow
def test_the_agent_s_server_wins_over_the_hub_and_is_waited_for(run_offline, plain_server):
    plain_server.answers = [(503, ""), (401, "{}")]
    run = run_offline(
        """
from sweepyard.tracking import probe
probe._PAUSE_SECONDS = 0.1 + probe.PATIENCE_SECONDS  # Without an agent, it would be asked once.
try:
    open_it("hub", server=Server("http://127.0.0.1:9", "k" * 40, "e"))
except TrackingError as error:
    result(str(error))
""",
        mode="",
        WANDB_SWEEP_ID="sweep001",
        WANDB_BASE_URL=plain_server.url,
        WANDB_API_KEY="a" * 40,
    )
    assert run.results[0].startswith(f"the API key must be one that {plain_server.url} knows")


@pytest.mark.slow
def test_a_server_that_takes_the_key_but_not_the_run(run_offline, plain_server):
    plain_server.answers = [(200, '{"data": {"viewer": {"id": "u", "entity": "e"}}}'), (400, '{"errors": []}')]
    run = run_offline(
        f"""
try:
    open_it("hub", server=Server({plain_server.url!r}, "k" * 40, "e"))
except TrackingError as error:
    result(str(error))
""",
        mode="",
    )
    assert run.results[0].startswith("the tracking server must accept the run; the W&B client says: ")
    assert {headers["Host"] for _, headers, _ in plain_server.requests} == {plain_server.url.removeprefix("http://")}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["wandb", "offline"])
@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"WANDB_BASE_URL": "foo"}, "base_url: Input should be a valid URL"),
        ({"WANDB_PROJECT": "a b/c"}, "Invalid project name 'a b/c': cannot contain characters"),
    ],
)
def test_a_setting_that_the_client_refuses_is_named(run_offline, mode, environ, told):
    run = run_offline(
        f"""
try:
    open_it({mode!r})
except TrackingError as error:
    result(str(error))
""",
        mode="",
        **environ,
    )
    assert run.results[0].startswith(f"the W&B client refuses one of its settings: {told}")
    assert run.results[0].endswith("Correct its WANDB_ variable, or W&B's settings file")
