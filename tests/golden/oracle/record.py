"""Records what W&B's own search engine, `sweeps` 0.2.0, answers, for `tests/unit/sweeps/test_sweep_oracle.py`.

    pip install --no-deps --target DIR sweeps==0.2.0 jsonschema attrs referencing rpds-py jsonschema-specifications
    python tests/golden/oracle/record.py DIR

It cannot be a dependency: it wants an old NumPy. scikit-learn, SciPy, pydantic and PyYAML come from the environment
that runs this. Version 0.2.0 counts bands from 0, so that band 3 means the fourth value; later ones count from 1. The
histories are therefore handed to it with their first value doubled, which changes neither the values at the bands nor
the best of them.
"""

from __future__ import annotations

import copy
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
UNITS = [0.0001, 0.01, 0.1, 0.2501, 0.4, 0.5001, 0.7, 0.9, 0.99, 0.9999]
PARAMETERS: list[dict[str, Any]] = [
    {"value": 3},
    {"values": [1, "two", 3.0]},
    {"values": ["a", "b", "c"], "probabilities": [0.2, 0.5, 0.3]},
    {"min": 1, "max": 6},
    {"min": 0.5, "max": 2.5},
    {"distribution": "q_uniform", "min": 0, "max": 10, "q": 3},
    {"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.25},
    {"distribution": "log_uniform", "min": -5, "max": 2},
    {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
    {"distribution": "q_log_uniform", "min": 0, "max": 5, "q": 2},
    {"distribution": "q_log_uniform_values", "min": 16, "max": 512, "q": 16},
    {"distribution": "inv_log_uniform", "min": -3, "max": 2},
    {"distribution": "inv_log_uniform_values", "min": 1e-3, "max": 10.0},
    {"distribution": "normal", "mu": 1.0, "sigma": 2.0},
    {"distribution": "q_normal", "mu": 1.0, "sigma": 2.0, "q": 0.5},
    {"distribution": "log_normal", "mu": 0.5, "sigma": 0.7},
    {"distribution": "q_log_normal", "mu": 0.5, "sigma": 0.7, "q": 0.5},
    {"distribution": "beta", "a": 2, "b": 5},
    {"distribution": "q_beta", "a": 2, "b": 5, "q": 0.125},
]
GRIDS: list[dict[str, Any]] = [
    {"b": {"values": [1, 2]}, "a": {"values": ["x", "y", "z"]}, "C": {"value": 0}},
    {"n": {"min": 3, "max": 6}, "m": {"values": [True, False]}},
    {"q": {"distribution": "q_uniform", "min": 0.0, "max": 1.0, "q": 0.25}, "z": {"values": [5]}},
    {"one": {"values": [[1, 2], [3]]}, "two": {"values": [{"k": 1}, {"k": 2}]}, "three": {"values": [0.1, 0.2]}},
]
RULES: list[dict[str, Any]] = [
    {"type": "hyperband", "min_iter": 1},
    {"type": "hyperband", "min_iter": 2, "eta": 2},
    {"type": "hyperband", "max_iter": 27, "s": 2},
    {"type": "hyperband", "max_iter": 16, "s": 3, "eta": 2},
]


def plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def quantiles(sweeps: Any) -> list[dict[str, Any]]:
    found = []
    for config in PARAMETERS:
        parameter = sweeps.params.HyperParameter("x", copy.deepcopy(config))
        found.append({"parameter": config, "values": [plain(parameter.ppf(unit)) for unit in UNITS]})
    return found


def grids(sweeps: Any) -> list[dict[str, Any]]:
    found = []
    for parameters in GRIDS:
        runs: list[Any] = []
        while True:
            run = sweeps.next_run({"method": "grid", "parameters": copy.deepcopy(parameters)}, runs)
            if run is None:
                break
            runs.append(sweeps.SweepRun(name=str(len(runs)), config=run.config, state="finished"))
        points = [{name: plain(given["value"]) for name, given in run.config.items()} for run in runs]
        found.append({"parameters": parameters, "points": points})
    return found


def history(generator: np.random.Generator) -> list[float]:
    """A level of its own, and noise."""
    level, count = generator.random(), int(generator.integers(0, 20))
    return [round(float(level + 0.1 * noise), 3) for noise in generator.random(count)]


def hyperbands(sweeps: Any) -> list[dict[str, Any]]:
    generator = np.random.default_rng(20261121)
    found = []
    for number in range(60):
        rule = RULES[number % len(RULES)]
        goal = ("minimize", "maximize")[number % 2]
        count = int(generator.integers(1, 12))
        runs = [
            {
                "running": bool(generator.random() < 0.7),
                "values": np.round(
                    generator.random() + 0.1 * generator.random(int(generator.integers(0, 20))), 3
                ).tolist(),
            }
            for _ in range(count)
        ]
        config = {
            "method": "random",
            "metric": {"name": "m", "goal": goal},
            "parameters": {"x": {"min": 0.0, "max": 1.0}},
            "early_terminate": copy.deepcopy(rule),
        }
        theirs = [
            sweeps.SweepRun(
                name=str(place),
                state="running" if run["running"] else "finished",
                sampledHistory=[{"m": value} for value in [*run["values"][:1], *run["values"]]],
            )
            for place, run in enumerate(runs)
        ]
        stopped = sweeps.stop_runs(config, theirs)
        found.append({"rule": rule, "goal": goal, "runs": runs, "stopped": sorted(int(run.name) for run in stopped)})
    return found


def main(folder: str) -> None:
    sys.path.append(folder)
    warnings.simplefilter("ignore")
    import sweeps
    import sweeps.params

    for name, record in (("quantiles", quantiles), ("grids", grids), ("hyperbands", hyperbands)):
        content = {"sweeps": "0.2.0", "units": UNITS, "answers": record(sweeps)}
        text = json.dumps(content, indent=None, separators=(",", ":")).replace('},{"', '},\n{"')
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
