"""Runs that hang, and runs that find too little memory, under `sweepyard agent`: another attempt, or a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

# A model of the user's with a layer in which the backend itself does what backends do at their worst.
FAULTS = """
import pathlib, time

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable()
class Fault(keras.layers.Layer):
    def __init__(self, kind, folder, **rest):
        super().__init__(**rest)
        self.kind, self.folder, self.calls = kind, folder, 0

    def get_config(self):
        return {**super().get_config(), "kind": self.kind, "folder": self.folder}

    def call(self, inputs):
        def happen(values):
            self.calls += 1
            once = pathlib.Path(self.folder, "happened")
            if self.calls > 6 and not (once.exists() and self.kind == "hang"):
                once.touch()
                if self.kind == "memory":
                    raise MemoryError("OOM when allocating tensor")  # TensorFlow makes RESOURCE_EXHAUSTED of it
                time.sleep(600)
            return values

        outputs = tf.py_function(happen, [inputs], tf.float32)
        outputs.set_shape(inputs.shape)
        return outputs


def build(input_shape, classes, *, kind, folder):
    images = keras.Input(input_shape)
    return keras.Model(images, keras.layers.Dense(classes)(keras.layers.Flatten()(Fault(kind, folder)(images))))
"""
MODEL = "name: faulty\n_target_: faults.build\nkind: {kind}\nfolder: {folder}\n"
SWEEP = """\
project: faults
method: grid
metric: {{name: epoch/val_loss, goal: minimize}}
parameters: {{seed.value: {{values: [1]}}}}
command: [sweepyard, train, --parameters, "${{args_json_file}}", --config-dir, {conf}, model=faulty,
  data.train_limit=256, trainer.batch_size=64, trainer.epochs={epochs}, trainer.checkpoint.every_steps=1,
  trainer.hang_minutes=0.05, tracking.mistakes=0, tracking.confusion_matrix=false, tracking.model_artifact=false]
"""


def worked_on(commands: Any, kind: str, *options: str, epochs: int) -> tuple[Any, dict[str, Any]]:
    """The agent's end, and the run that it left on the hub, with its history."""
    conf = commands.folder / "conf"
    (conf / "model").mkdir(parents=True)
    (conf / "model" / "faulty.yaml").write_text(MODEL.format(kind=kind, folder=commands.folder))
    (commands.folder / "faults.py").write_text(FAULTS)
    (commands.folder / "sweep.yaml").write_text(SWEEP.format(conf=conf, epochs=epochs))
    commands.environ["PYTHONPATH"] = str(commands.folder)
    with commands.one_hub():
        agent = commands.run("agent", commands.register("sweep.yaml", "--config-dir", str(conf)), *options)
        (listed,) = json.loads(commands.run("runs", "list", "--project", "faults", "--json").stdout)
        shown = json.loads(commands.run("runs", "show", f"faults/{listed['run']}", "--history", "--json").stdout)
    commands.assert_none_left()
    return agent, shown


def log_of(commands: Any, run: dict[str, Any]) -> str:
    (path,) = Path(commands.folder).glob(f"outputs/faults/sweeps/*/{run['run']}.log")
    return path.read_text()


def test_a_run_that_hangs_goes_on_from_its_checkpoint(commands) -> None:
    agent, run = worked_on(commands, "hang", epochs=3)
    assert agent.returncode == 0, agent.stderr
    assert "preempted: it goes back to the queue" in agent.stdout
    assert run["state"] == "finished"
    assert [row["epoch/epoch"] for row in run["history"] if "epoch/epoch" in row] == [1, 2, 3]
    log = log_of(commands, run)
    assert "no step for 0.05 minutes (trainer.hang_minutes); where it hangs:" in log
    assert "faults.py" in log, "the stack says where"


def test_too_little_memory_is_tried_once_with_fewer_runs_on_the_device(commands) -> None:
    # Each attempt gets six steps further: after three of them there must be some left.
    agent, run = worked_on(commands, "memory", "--gpus", "-1", "--per-gpu", "2", epochs=6)
    assert "the device has too little memory for so many runs" in agent.stdout
    # The second place may have taken the run before the first one was given up.
    assert agent.stdout.count("found too little memory on the device") in {2, 3}
    assert run["state"] == "failed", agent.stdout
    assert "the device must have enough memory for the fit; tensorflow says:" in run["summary"]["failure"]
    assert "OOM when allocating tensor" in run["summary"]["failure"]
