"""How well the searches find the best: Bayesian search here, W&B's `sweeps` engine, and random search.

    pip install --no-deps --target DIR sweeps==0.2.0 jsonschema attrs referencing rpds-py jsonschema-specifications
    OPENBLAS_NUM_THREADS=1 nice python benchmarks/search_regret.py --sweeps DIR --seeds 20

Each search minimises each function from each seed, one run after the other, 60 runs; what it had found after 30 is
looked at too. W&B's engine is no dependency (it wants an old NumPy and brings none of what it imports): it is read
from a folder of its own, with scikit-learn, pydantic and PyYAML from this environment, and seeded through NumPy's
global generator, which it draws from.

Differences are given as parts of the function's range: of the difference between its greatest value among 20,000 even
random points and its least. "Not inferior" means that the upper end of the 95% interval of the mean difference
(paired by seed, bootstrap) lies at or below 5% of the range; "better" that it lies below zero.

    python benchmarks/search_regret.py --record

trains 60 small models on real digits and stores the table that the last function reads (a few minutes).
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from sweepyard.domain.objective import ObjectiveValues
from sweepyard.domain.run import RunState
from sweepyard.sweeps import random as random_search
from sweepyard.sweeps.config import parse
from sweepyard.sweeps.engine import next_suggestion
from sweepyard.sweeps.known import KnownRun

TABLE = Path(__file__).parent / "data" / "mnist_table.json"
RUNS, HALF = 60, 30
MARGIN = 0.05

Point = Mapping[str, Any]
Parameters = dict[str, dict[str, Any]]

_HARTMANN_WEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
_HARTMANN_3 = (
    np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]]),
    1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]),
)
_HARTMANN_6 = (
    np.array(
        [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    ),
    1e-4
    * np.array(
        [
            [1312, 1696, 5569, 124, 8283, 5886],
            [2329, 4135, 8307, 3736, 1004, 9991],
            [2348, 1451, 3522, 2883, 3047, 6650],
            [4047, 8828, 8732, 5743, 1091, 381],
        ]
    ),
)


@dataclass(frozen=True)
class Problem:
    """A function to be minimised over a space, and its least value."""

    name: str
    parameters: Parameters
    function: Callable[[Point], float]
    least: float


def _numbers(point: Point) -> np.ndarray:
    return np.array([point[name] for name in sorted(point)])


def _hartmann(scales: np.ndarray, places: np.ndarray) -> Callable[[Point], float]:
    return lambda point: -float(_HARTMANN_WEIGHTS @ np.exp(-(scales * (_numbers(point) - places) ** 2).sum(axis=1)))


def _branin(point: Point) -> float:
    a, b = point["a"], point["b"]
    valley = b - 5.1 / (4 * math.pi**2) * a * a + 5 / math.pi * a - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10


def _rosenbrock(point: Point) -> float:
    x = _numbers(point)
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def _ackley(point: Point) -> float:
    x = _numbers(point)
    bowl = -20 * math.exp(-0.2 * math.sqrt(float((x**2).mean())))
    return bowl - math.exp(float(np.cos(2 * math.pi * x).mean())) + 20 + math.e


def _rastrigin(point: Point) -> float:
    x = _numbers(point)
    return float((x**2 - 10 * np.cos(2 * math.pi * x) + 10).sum())


def _training(point: Point) -> float:
    """Like a network's loss: each optimiser has a learning rate of its own, batch size and depth matter a little."""
    best_rate = {"adam": -3.0, "sgd": -1.0, "rmsprop": -3.5}[point["optimizer"]]
    handicap = {"adam": 0.0, "sgd": 0.3, "rmsprop": 0.1}[point["optimizer"]]
    rate = 0.3 * (math.log10(point["rate"]) - best_rate) ** 2
    return handicap + rate + 0.05 * abs(point["depth"] - 6) + 0.2 * abs(math.log2(point["batch"]) - 6)


def problems() -> list[Problem]:
    """The functions; the table of recorded runs only where it is there."""

    def box(names: str, low: float, high: float) -> Parameters:
        return {name: {"min": float(low), "max": float(high)} for name in names}

    mixed: Parameters = {
        "optimizer": {"values": ["adam", "sgd", "rmsprop"]},
        "rate": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
        "depth": {"min": 1, "max": 12},
        "batch": {"values": [16, 32, 64, 128, 256]},
    }
    found = [
        Problem("Branin (2)", box("a", -5, 10) | box("b", 0, 15), _branin, 0.397887),
        Problem("Rastrigin (2)", box("ab", -4, 5.12), _rastrigin, 0.0),
        Problem("Hartmann (3)", box("abc", 0, 1), _hartmann(*_HARTMANN_3), -3.86278),
        Problem("Rosenbrock (3)", box("abc", -2, 2), _rosenbrock, 0.0),
        Problem("Ackley (4)", box("abcd", -20, 30), _ackley, 0.0),
        Problem("Hartmann (6)", box("abcdef", 0, 1), _hartmann(*_HARTMANN_6), -3.32237),
        Problem("training-like, mixed (4)", mixed, _training, 0.0),
    ]
    if TABLE.is_file():
        table = json.loads(TABLE.read_text(encoding="utf-8"))
        results = {tuple(row["point"]): row["loss"] for row in table["runs"]}
        names = list(table["parameters"])
        spaces: Parameters = {name: {"values": values} for name, values in table["parameters"].items()}

        def look_up(point: Point) -> float:
            return float(results[tuple(point[name] for name in names)])

        found.append(Problem(f"MNIST, {len(results)} recorded runs (3)", spaces, look_up, min(results.values())))
    return found


def by_us(problem: Problem, seed: int, method: str) -> list[float]:
    """The values that a search of ours saw, in order; fewer than 60 where a finite space ends."""
    config = parse(yaml.safe_dump({"method": method, "metric": {"name": "m"}, "parameters": problem.parameters}))
    runs: list[KnownRun] = []
    values: list[float] = []
    for position in range(RUNS):
        suggestion = next_suggestion(config, seed=seed, position=position, runs=runs)
        if suggestion is None:
            break
        values.append(problem.function(suggestion.parameters))
        known = ObjectiveValues.of([values[-1]])
        runs.append(KnownRun(str(position), RunState.FINISHED, suggestion.parameters, known, position=position))
    return values


def by_wandb(problem: Problem, seed: int) -> list[float]:
    """The values that W&B's engine saw."""
    import random

    import sweeps

    np.random.seed(seed)
    random.seed(seed)
    config = {"method": "bayes", "metric": {"name": "m", "goal": "minimize"}, "parameters": problem.parameters}
    runs: list[Any] = []
    values: list[float] = []
    for number in range(RUNS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            suggested = sweeps.next_run(config, runs)
        values.append(problem.function({name: given["value"] for name, given in suggested.config.items()}))
        logged = {"m": values[-1]}
        runs.append(
            sweeps.SweepRun(
                name=str(number),
                config=suggested.config,
                state="finished",
                summaryMetrics=logged,
                sampledHistory=[logged],
            )
        )
        # Fields go by their aliases alone where pydantic is new; a run without its result would teach nothing.
        assert runs[-1].metric_extremum("m", "minimum") == values[-1], "the engine did not take the result"
    return values


def regrets(problem: Problem, values: Sequence[float], value_range: float) -> tuple[float, float]:
    """How far the best of 30 and of 60 runs is from the least value, as parts of the range."""
    return tuple((min(values[:count]) - problem.least) / value_range for count in (HALF, RUNS))  # type: ignore[return-value]


def range_of(problem: Problem) -> float:
    """The difference between the greatest value of 20,000 random points and the least of all."""
    config = parse(yaml.safe_dump({"method": "random", "parameters": problem.parameters}))
    greatest = max(
        problem.function(random_search.draw(config.parameters, seed=0, position=position)) for position in range(20_000)
    )
    return greatest - problem.least


def interval(differences: np.ndarray) -> tuple[float, float]:
    """The 95% bootstrap interval of the mean."""
    generator = np.random.default_rng(0)
    means = generator.choice(differences, (10_000, len(differences))).mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def compare(seeds: int, only: Sequence[str] = ()) -> dict[str, Any]:
    """Every search on every problem (or those whose name begins so) from every seed."""
    report: dict[str, Any] = {"seeds": seeds, "problems": []}
    for problem in problems():
        if only and not problem.name.startswith(tuple(only)):
            continue
        value_range = range_of(problem)
        searches: dict[str, Callable[[int], list[float]]] = {
            "ours": lambda seed, problem=problem: by_us(problem, seed, "bayes"),  # type: ignore[misc]
            "wandb": lambda seed, problem=problem: by_wandb(problem, seed),  # type: ignore[misc]
            "random": lambda seed, problem=problem: by_us(problem, seed, "random"),  # type: ignore[misc]
        }
        row: dict[str, Any] = {"problem": problem.name, "range": value_range, "regret": {}, "milliseconds": {}}
        found: dict[str, np.ndarray] = {}
        for name, search in searches.items():
            begun = time.process_time()
            found[name] = np.array([regrets(problem, search(seed), value_range) for seed in range(seeds)])
            row["milliseconds"][name] = 1000 * (time.process_time() - begun) / seeds / RUNS
            row["regret"][name] = found[name].tolist()
        for place, count in enumerate((HALF, RUNS)):
            against = {}
            for other in ("wandb", "random"):
                differences = found["ours"][:, place] - found[other][:, place]
                low, high = interval(differences)
                against[other] = {"mean": float(differences.mean()), "low": low, "high": high}
            row[str(count)] = against
        report["problems"].append(row)
        print(line(row), flush=True)
    return report


def line(row: dict[str, Any]) -> str:
    """A row of the table, in percent of the range."""
    cells = [row["problem"]]
    for place, count in enumerate((HALF, RUNS)):
        means = {name: 100 * np.array(values)[:, place].mean() for name, values in row["regret"].items()}
        cells += [f"{means[name]:.2f}" for name in ("ours", "wandb", "random")]
        wandb, random = row[str(count)]["wandb"], row[str(count)]["random"]
        cells.append(f"{100 * wandb['low']:+.2f} to {100 * wandb['high']:+.2f}")
        verdict = "better" if wandb["high"] < 0 else "not inferior" if wandb["high"] <= MARGIN else "not shown"
        cells.append(verdict + (", better" if random["high"] < 0 else ", not shown"))
    times = row["milliseconds"]
    cells.append(f"{times['ours']:.0f} / {times['wandb']:.0f}")
    return "| " + " | ".join(cells) + " |"


def record() -> None:
    """Train the models of the table: small networks on 1,000 real digits each, judged on the validation split."""
    import tempfile

    from sweepyard.cli.environment import settings_now
    from sweepyard.training.stopping import StopSignal
    from sweepyard.wiring.starting import ColdStart
    from sweepyard.wiring.training import TrainingRequest, run_training

    table: dict[str, Any] = {
        "parameters": {
            "optimizer.learning_rate": [0.0001, 0.0003, 0.001, 0.003, 0.01],
            "trainer.batch_size": [16, 32, 64, 128],
            "model.dropout": [0.0, 0.25, 0.5],
        },
        "runs": [],
    }
    fixed = ["data=mnist5k", "data.train_limit=1000", "model=mlp", "model.units=[64,32]"]
    fixed += ["trainer.epochs=3", "tracking=disabled"]
    with tempfile.TemporaryDirectory() as folder:
        for number, point in enumerate(itertools.product(*table["parameters"].values())):
            overrides = [f"{name}={value}" for name, value in zip(table["parameters"], point, strict=True)]
            request = TrainingRequest(overrides=(*fixed, f"output={folder}/{number}", *overrides))
            result = run_training(request, settings_now(), {}, start=ColdStart(), stop=StopSignal(), say=lambda _: None)
            loss = result.best["best/val_loss"]
            table["runs"].append({"point": list(point), "loss": loss})
            print(number, point, loss, flush=True)
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Compare, or record the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--sweeps", type=Path, help="the folder that holds W&B's engine")
    parser.add_argument("--only", nargs="*", default=(), metavar="NAME", help="only functions whose name begins so")
    parser.add_argument("--record", action="store_true", help="train the table's models")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where every figure goes")
    arguments = parser.parse_args()
    if arguments.record:
        record()
        return
    if arguments.sweeps is not None:
        sys.path.append(str(arguments.sweeps))
    head = ["function (dimensions)"]
    for count in (HALF, RUNS):
        head += [f"ours {count}", f"W&B {count}", f"random {count}", f"ours - W&B, 95% {count}", "against W&B, random"]
    head.append("CPU ms a suggestion, ours / W&B")
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = compare(arguments.seeds, arguments.only)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
