"""From a server's command to the process of a run: W&B's macros, the parameter files, the environment."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

from sweepyard import processes
from sweepyard.agents.leash import leash
from sweepyard.agents.service import SharedService
from sweepyard.domain.agent import Command, CommandKind
from sweepyard.domain.sweep import SweepPath
from sweepyard.files import write_atomically
from sweepyard.settings import RESUMED_VARIABLE


@dataclass(frozen=True, slots=True)
class Launcher:
    """Starts the runs of one sweep.

    Attributes:
        command: The sweep's `command`, with its macros; empty for W&B's own default.
        environ: What all its runs have in common.
        folder: Where the files of parameters and the runs' output are kept.
        working_folder: Where runs start.
        service: Of the client, for all of them; None where each is to have its own.
    """

    sweep: SweepPath
    command: Sequence[object]
    environ: Mapping[str, str]
    folder: Path
    working_folder: Path
    service: SharedService | None = None

    def start(self, command: Command, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a run, which gets SIGTERM when this process dies.

        Args:
            environ: What this run has beside the others', for example its device.
        """
        arguments, parameter_file = self._prepared(command)
        variables = {
            "WANDB_SWEEP_ID": self.sweep.sweep_id,
            "WANDB_ENTITY": self.sweep.entity,
            "WANDB_PROJECT": self.sweep.project,
            "WANDB_RUN_ID": command.run_id,
            "WANDB_SWEEP_PARAM_PATH": str(parameter_file),
            **({RESUMED_VARIABLE: "1"} if command.kind is CommandKind.RESUME else {}),
        }
        with output_of(self.folder, command.run_id).open("ab") as output:
            return processes.spawn(
                arguments,
                environ={**self.environ, **(self.service.environ if self.service else {}), **environ, **variables},
                folder=self.working_folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def ended(self, run_id: str) -> None:
        """Let go of what is kept for a run whose process has ended."""
        if self.service is not None:
            self.service.forget(run_id)

    def _prepared(self, command: Command) -> tuple[list[str], Path]:
        """The run's command line, and the file by which the W&B client learns its parameters."""
        self.folder.mkdir(parents=True, exist_ok=True)
        args = {name: {"value": value} for name, value in command.parameters.items()}
        parameter_file, json_file = (self.folder / f"{command.run_id}.{suffix}" for suffix in ("yaml", "json"))
        write_atomically(parameter_file, yaml.safe_dump({"wandb_version": 1, **args}, sort_keys=False).encode())
        macros: dict[str, list[str]] = {
            **create_sweep_command_args({"args": args}),
            "interpreter": ["python"],
            "program": [command.program],
            "args_json_file": [str(json_file)],
            "env": ["/usr/bin/env"],
        }
        write_atomically(json_file, macros["args_json"][0].encode())
        words: list[str] = []
        for word in map(str, create_sweep_command(list(self.command))):
            is_macro = word.startswith("${") and word.endswith("}")
            words += macros.get(word[2:-1], []) if is_macro else [word]
        return [*self._leash(words), *words], parameter_file

    def _leash(self, words: Sequence[str]) -> list[str]:
        # `sweepyard train` sees to it by itself.
        if Path(words[0]).name == "sweepyard" and words[1:2] == ["train"]:
            return []
        return leash()


def output_of(folder: Path, run_id: str) -> Path:
    """Where what a run prints is kept."""
    return folder / f"{run_id}.log"
