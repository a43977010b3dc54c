"""`sweepyard train`: one run, or with `-m` several; agents start it for every run, so it goes without click."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from sweepyard import exitcodes
from sweepyard.cli.downloads import downloads_shown
from sweepyard.cli.environment import quieten_backend, settings_now
from sweepyard.domain.run_config import PROVENANCE
from sweepyard.errors import ConfigInvalid, InvalidInput, Violation
from sweepyard.signals import handled_by

if TYPE_CHECKING:
    import click

    from sweepyard.wiring.starting import Start
    from sweepyard.wiring.training import TrainingRequest

# Of the run config, what says where a run came from: it is no input.
_NOT_CONFIG = frozenset({PROVENANCE})


_DESCRIPTION = """\
Train one model. The arguments are Hydra overrides of conf/train.yaml: `key=value` changes a value,
`group=option` chooses a file, +key adds, ++key sets either way, ~key removes; docs/config-reference.md
explains every key. With -m, values may be lists (a=1,2), ranges and choices: one run for each combination.
"""
_EPILOG = """\
exit codes:
  0 trained; 1 failed, and a message says why; 2 the command line makes no sense; 75 preempted, with a
  checkpoint; 130 interrupted, with a checkpoint; 255 stopped by the tracker's server.

examples:
  sweepyard train model=convnet trainer.epochs=15
  sweepyard train data=mnist model.units=[256,128] tracking=disabled
  sweepyard train -m model=mlp,convnet trainer.batch_size=64,128 hydra/launcher=joblib
  sweepyard train --resume outputs/sweepyard/ab12cd34
  sweepyard train --cfg job
"""


def run(arguments: Sequence[str], start: Start | None = None) -> int:
    """Parse and train; gives the exit code.

    Args:
        start: How the run starts in a process that was forked for it.

    Raises:
        SweepyardError: What went wrong.
    """
    options = _parse(arguments)
    if options is None:
        return 2
    overrides, folder = list(options.overrides), options.config_dir
    from sweepyard.config import compose

    if options.parameters is not None:
        parameters = compose.read_parameters(options.parameters)
        swept = {key: value for key, value in parameters.items() if key not in _NOT_CONFIG}
        # The command's own overrides come first, so that what is swept is what counts.
        overrides += compose.overrides_of(swept, config_folder=folder)
    resume = None
    if options.resume is not None:
        resume = _run_folder(options.resume)
        overrides = [*_recorded_overrides(resume), *overrides]
    if options.cfg:
        print(compose.compose(overrides, config_folder=folder, config_name=options.config_name).yaml, end="")
        return 0
    if options.multirun:
        return _train_many(options, overrides)

    from sweepyard.wiring.training import TrainingRequest

    request = TrainingRequest(
        overrides=tuple(overrides), config_folder=folder, config_name=options.config_name, resume=resume
    )
    return _train_one(request, start)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sweepyard train",
        usage="sweepyard train [OPTIONS] [OVERRIDE...]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("overrides", nargs="*", metavar="OVERRIDE", help="Hydra overrides")
    add("--parameters", type=Path, metavar="FILE", help="a JSON object of swept parameters (${args_json_file})")
    add("--resume", metavar="RUN", help="go on with an earlier run: its folder, or its id below outputs/")
    add("--cfg", choices=["job"], help="print the composed config and stop")
    add("--config-dir", type=Path, metavar="DIR", help="a conf/ folder of your own, looked at first")
    add("--config-name", default="train", metavar="NAME", help="the primary config (default: train)")
    add("-m", "--multirun", action="store_true", help="one run for each combination of values")
    return parser


def _parse(arguments: Sequence[str]) -> argparse.Namespace | None:
    parser = _parser()
    try:
        options, unknown = parser.parse_known_intermixed_args(list(arguments))
        if unknown:
            parser.error(f"no such option: {', '.join(unknown)}{_meant(unknown[0])}")
        return options
    except SystemExit as end:
        if end.code:
            return None
        raise


def _meant(option: str) -> str:
    """The override that someone may have meant by an option; empty where none is near."""
    from sweepyard.config.names import same_last_part
    from sweepyard.config.validation import legal_keys

    name = option.lstrip("-").partition("=")[0].replace("-", "_")
    near = same_last_part(name, legal_keys())
    return f". Keys of the config are set without dashes: {' or '.join(f'{key}=VALUE' for key in near)}" if near else ""


def _train_one(request: TrainingRequest, start: Start | None) -> int:
    from sweepyard.training.stopping import StopSignal
    from sweepyard.wiring.starting import ColdStart
    from sweepyard.wiring.training import run_training

    quieten_backend()
    if os.environ.get("WANDB_SWEEP_ID") and start is None:  # A fork's client looks after its agent.
        _leave_with(os.getppid())
    stop = StopSignal()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set:
            raise KeyboardInterrupt
        stop.set(by_person=True)
        print("\nstopping after this step, with a checkpoint; Ctrl-C again stops at once", file=sys.stderr, flush=True)

    with handled_by(interrupt, signal.SIGINT), stop.on(signal.SIGTERM, signal.SIGUSR1):
        result = run_training(
            request, settings_now(), os.environ, start=start or ColdStart(), stop=stop, downloads=downloads_shown()
        )
    return exitcodes.INTERRUPTED if result.stopped_because == "interrupted" else result.exit_code


def _leave_with(agent: int) -> None:
    """See to it that an agent that dies leaves no run behind: stop with a checkpoint, but not for ever."""
    from sweepyard.linux import ORPHAN_GRACE_SECONDS, PARENT_LOOK_SECONDS, end_with_parent

    def watch() -> None:
        while os.getppid() == agent:
            time.sleep(PARENT_LOOK_SECONDS)
        time.sleep(ORPHAN_GRACE_SECONDS)
        # The checkpoint is written by now; what the server has not taken is on disk. Waiting on for a server
        # that has gone with the agent would keep the process, and its memory, for minutes.
        os._exit(exitcodes.PREEMPTED)

    threading.Thread(target=watch, name="agent-watch", daemon=True).start()
    end_with_parent(agent)


def _train_many(options: argparse.Namespace, overrides: Sequence[str]) -> int:
    """Each run in a process of its own, so that none inherits another's seeds, threads or memory."""
    from sweepyard.config import compose

    runs = compose.multirun(overrides, config_folder=options.config_dir, config_name=options.config_name)
    launcher = compose.launcher(overrides, config_folder=options.config_dir, config_name=options.config_name)
    command = [sys.executable, "-P", "-m", "sweepyard", "train", "--config-name", options.config_name]
    if options.config_dir is not None:
        command += ["--config-dir", str(options.config_dir)]
    commands = [[*command, *run] for run in runs]
    print(f"{len(runs)} runs, {launcher.name} launcher", flush=True)
    if launcher.name == "joblib":
        import joblib  # type: ignore[import-untyped]

        codes = joblib.Parallel(n_jobs=launcher.jobs, prefer="threads")(
            joblib.delayed(_call)(number, len(runs), each) for number, each in enumerate(commands, start=1)
        )
    else:
        codes = [_call(number, len(runs), each) for number, each in enumerate(commands, start=1)]
    failed = sum(code != 0 for code in codes)
    print(f"{len(runs) - failed} of {len(runs)} runs finished" + (f", {failed} did not" if failed else ""))
    return 1 if failed else 0


def _call(number: int, total: int, command: Sequence[str]) -> int:
    print(f"[{number}/{total}] {' '.join(command[5:])}", flush=True)
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


def _run_folder(text: str) -> Path:
    from sweepyard.training.checkpoints import refuse_model_file

    refuse_model_file(Path(text))
    for candidate in (Path(text), *sorted(Path("outputs").glob(f"*/{text}") if "/" not in text else [])):
        if (candidate / ".hydra" / "overrides.yaml").is_file():
            return candidate.absolute()
    rule = "--resume must name a run's folder, or the id of a run below outputs/"
    raise InvalidInput([Violation(rule, repr(text), "`sweepyard runs list` shows the ids")])


def _recorded_overrides(folder: Path) -> list[str]:
    import yaml

    recorded = yaml.safe_load((folder / ".hydra" / "overrides.yaml").read_text(encoding="utf-8"))
    if not isinstance(recorded, list):
        raise ConfigInvalid([Violation("a list of overrides is expected", where=str(folder / ".hydra/overrides.yaml"))])
    return [str(override) for override in recorded]


def __getattr__(name: str) -> click.Command:
    # For `sweepyard --help` and completion alone; the door calls `run` without click.
    if name != "command":
        raise AttributeError(name)
    import click
    from click.shell_completion import CompletionItem

    class Train(click.Command):
        """Completes the options of the parser, which click knows nothing of."""

        def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
            return [
                CompletionItem(name, help=action.help)
                for action in _parser()._actions
                for name in action.option_strings
                if name.startswith("--") and name.startswith(incomplete)
            ]

    @click.command("train", cls=Train, context_settings={"ignore_unknown_options": True}, add_help_option=False)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def command(arguments: tuple[str, ...]) -> int:
        """Train one model; the arguments are Hydra overrides."""
        return run(arguments)

    return command
