"""`sweepyard sweep export` and `edit`, and what the hub makes of sweeps that W&B could not run."""

from __future__ import annotations

import json
import re

import pytest
import yaml
from tests.parts.small_sweep import sweep_text, write_sweep

pytestmark = pytest.mark.slow


def test_a_sweep_grows_between_two_agents(commands) -> None:
    first = commands.run(
        "sweep", write_sweep(commands.folder, "s.yaml", sweep_text(1, 2)), "--agents", "1", "--count", "1"
    )
    assert first.returncode == 0, first.stderr
    sweep = re.search(r"sweep (\S+/\S+/\w{8})", first.stdout)
    assert sweep is not None, first.stdout

    with commands.one_hub():
        refused = commands.run("sweep", "edit", sweep[1], write_sweep(commands.folder, "less.yaml", sweep_text(2, 3)))
        assert refused.returncode != 0
        assert "`a` must keep its values; 1 would go" in refused.stderr

        edited = commands.run("sweep", "edit", sweep[1], write_sweep(commands.folder, "more.yaml", sweep_text(0, 1, 2)))
        assert edited.returncode == 0, edited.stderr
        assert "goes on by more.yaml" in edited.stdout
        unknown = commands.run("sweep", "edit", "small/nothing1", "more.yaml")
        assert unknown.returncode != 0
        rest = commands.run("sweep", sweep[1], "--agents", "1", "--json")
        assert rest.returncode == 0, rest.stderr
        late = commands.run("sweep", "edit", sweep[1], "more.yaml")
        assert (late.returncode, late.stdout) == (1, "")
        assert late.stderr == f"error: only a sweep that goes on can be edited; {sweep[1]} is finished\n"
    outcome = json.loads(rest.stdout)
    assert (outcome["state"], len(outcome["runs"])) == ("FINISHED", 3)
    assert sorted(run["value"] for run in outcome["runs"]) == [0, 1, 2]
    commands.assert_none_left()


def test_conditions_repeats_and_a_pareto_front_run_on_the_hub_and_not_at_wandb(commands) -> None:
    text = sweep_text(1, 2).replace(
        "metric: {name: m, goal: maximize}", "metrics: [{name: m, goal: maximize}, {name: other, goal: maximize}]"
    )
    text = text.replace("  a:", "  b: {values: [x], when: {a: 2}}\n  a:") + "repeats: 2\n"
    file = write_sweep(commands.folder, "ours.yaml", text)
    assert commands.run("check", file).returncode == 0
    refused = commands.run("check", file, "--target", "wandb")
    assert refused.returncode == 1
    assert all(key in refused.stdout for key in ("`repeats`", "`when`", "`metrics`"))

    exported = commands.run("sweep", "export", file, "--output", "theirs.yaml")
    assert exported.returncode == 0, exported.stderr
    assert exported.stderr.count("lost: ") == 2
    assert exported.stderr.count("changed: ") == 1
    assert commands.run("check", "theirs.yaml", "--target", "wandb").returncode == 0
    printed = commands.run("sweep", "export", file, "--json")
    assert json.loads(printed.stdout)["file"] == yaml.safe_load((commands.folder / "theirs.yaml").read_text())

    done = commands.run("sweep", file, "--json")
    assert done.returncode == 0, done.stderr
    points = [run["parameters"] for run in json.loads(done.stdout)["runs"]]
    assert sorted((point["a"], point["b"]) for point in points) == [(1, None)] * 2 + [(2, "x")] * 2
    sweep = json.loads(done.stdout)["sweep"]
    for again in (commands.run("watch", sweep, "--once"), commands.run("sweep", sweep)):
        assert again.returncode == 0, again.stderr
        table = again.stdout[again.stdout.index("mean m") :].splitlines()
        assert [line.split()[-1] for line in table[:3]] == ["n", "2", "2"]
    commands.assert_none_left()


def test_a_file_that_cannot_be_exported_or_written_is_refused(commands) -> None:
    broken = write_sweep(commands.folder, "broken.yaml", "method: gird\n")
    done = commands.run("sweep", "export", broken)
    assert done.returncode != 0
    assert "`method` must be one of" in done.stderr
    fine = write_sweep(commands.folder, "fine.yaml", sweep_text(1))
    done = commands.run("sweep", "export", fine, "--output", "fine.yaml/out.yaml")
    assert done.returncode != 0
    assert "must be writable" in done.stderr
