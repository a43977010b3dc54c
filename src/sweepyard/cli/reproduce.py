"""`sweepyard reproduce`: a finished run, trained again from what its server recorded."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import click

from sweepyard.cli.environment import quieten_backend, settings_now
from sweepyard.cli.options import JSON
from sweepyard.cli.reading import FROM, path_of
from sweepyard.cli.style import CONTEXT, examples

if TYPE_CHECKING:
    from sweepyard.config.schema import ExperimentConfig
    from sweepyard.jsonvalue import JsonObject, JsonValue
    from sweepyard.services.check import Target
    from sweepyard.wiring.reproducing import Reproduction


@click.command(
    "reproduce",
    context_settings=CONTEXT,
    epilog=examples(
        "sweepyard reproduce ab12cd34",
        "sweepyard reproduce sweepyard/ab12cd34 --json",
        "sweepyard reproduce team/digits/ab12cd34 --from wandb",
    )
    + """

\b
Exit codes:
  0 the weights are the same, bit for bit; 1 they are not, or the run cannot be trained again;
  2 the command line makes no sense.""",
)
@click.argument("run")
@FROM
@JSON
def command(run: str, source: Target, as_json: bool) -> int:
    """Train the finished RUN again, from the config, seed and data that were recorded, and compare the weights.

    Nothing is tracked, and nothing of it is kept. Where the weights differ, it says what else does: packages, code,
    data, threads. Only runs with `seed.deterministic` promise the same weights.
    """
    from sweepyard.cli.downloads import downloads_shown
    from sweepyard.cli.output import print_json
    from sweepyard.training.stopping import StopSignal
    from sweepyard.wiring.reproducing import reproduce

    def announce(config: ExperimentConfig) -> None:
        epochs, name = config.trainer.epochs, config.data.name
        long = f"{epochs} epoch{'' if epochs == 1 else 's'}"
        print(f"training {config.model.name} on {name} for {long} ...", file=sys.stderr, flush=True)

    quieten_backend()
    with StopSignal().on(signal.SIGTERM) as stop:
        outcome = reproduce(
            path_of(run), settings_now(), target=source, stop=stop, downloads=downloads_shown(), on_config=announce
        )
    if as_json:
        print_json(_json(outcome))
    else:
        _print(outcome)
    return 0 if outcome.agrees else 1


def _json(outcome: Reproduction) -> JsonObject:
    metrics: dict[str, JsonValue] = {name: {"then": then, "now": now} for name, (then, now) in outcome.metrics.items()}
    return {
        "run": outcome.run,
        "agrees": outcome.agrees,
        "deterministic": outcome.deterministic,
        "weights_digest": {"then": outcome.then, "now": outcome.now},
        "metrics": metrics,
        "differences": [{"what": what, "then": then, "now": now} for what, (then, now) in outcome.differences.items()],
    }


def _print(outcome: Reproduction) -> None:
    from sweepyard.cli.output import print_table

    if outcome.agrees:
        print(f"{outcome.run}: the same weights, bit for bit ({outcome.now})")
    else:
        print(f"{outcome.run}: other weights\n  then {outcome.then}\n  now  {outcome.now}")
    rows = [["metric", name, _text(then), _text(now)] for name, (then, now) in outcome.metrics.items() if then != now]
    rows += [["made from", what, _text(then), _text(now)] for what, (then, now) in outcome.differences.items()]
    if rows:
        print()
        print_table(["", "", "then", "now"], rows)
    if not outcome.agrees and not outcome.deterministic:
        print("\nThe run did not ask for weights that repeat: seed.deterministic=true does.")


def _text(value: JsonValue) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
