"""What entrypoint.sh checks, says and starts, without an engine: its `sweepyard` tells how it was called."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_TELLS = """\
#!/bin/sh
echo "started: $*"
for name in WANDB_API_KEY WANDB_API_KEY_FILE PGPASSWORD HOME TMPDIR; do
    eval "[ -z \\"\\${$name:-}\\" ] || echo \\"$name=\\$$name\\""
done
[ "$1" != wait ] || exec sleep 60
"""
_GPUS = "#!/bin/sh\necho 'GPU 0: a GPU (UUID: GPU-0)'\n"


class Container:
    """The environment of one: a volume, and programs on its PATH."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.state.mkdir()
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.have("sweepyard", _TELLS)
        path = f"{self.programs}{os.pathsep}{os.defpath}"
        home = str(self.state / "home")
        self.environ = {
            "PATH": path,
            "HOME": home,
            "SWEEPYARD_STATE": str(self.state),
            "SWEEPYARD_HOME": f"{folder}/hub",
        }

    def have(self, program: str, text: str) -> None:
        (self.programs / program).write_text(text)
        (self.programs / program).chmod(0o755)

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(ROOT / "entrypoint.sh"), *arguments],
            env={**self.environ, **environ},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def started(self, *arguments: str, **environ: str) -> list[str]:
        """What it starts: the command line, and what it has in its environment of what it may have."""
        process = self.start(*arguments, **environ)
        stdout, stderr = process.communicate(timeout=30)
        assert (process.returncode, stderr) == (0, "")
        return stdout.splitlines()

    def refused(self, *arguments: str, code: int = 1, **environ: str) -> str:
        """What it says, and starts nothing."""
        process = self.start(*arguments, **environ)
        stdout, stderr = process.communicate(timeout=30)
        assert (process.returncode, stdout) == (code, "")
        return stderr


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


@pytest.fixture
def key(tmp_path: Path) -> str:
    (tmp_path / "key").write_text("the-key\n")
    return str(tmp_path / "key")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "model=mlp"], "train model=mlp"),
        (["sweep", "a.yaml"], "sweep a.yaml"),
        (["agent", "ab12cd34", "--cpus", "2"], "agent ab12cd34 --cpus 2"),
        (["hub"], "hub serve"),
        (["hub", "--port", "0"], "hub serve --port 0"),
        (["hub", "keys", "list"], "hub keys list"),
        (["predict", "MODEL", "a b.png"], "predict MODEL a b.png"),
        (["runs", "list"], "runs list"),
        (["agent", "--help"], "agent --help"),
        (["hub", "--help"], "hub serve --help"),
    ],
)
def test_it_starts_what_the_command_says(container: Container, arguments: list[str], expected: str) -> None:
    assert container.started(*arguments)[0] == f"started: {expected}"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "model=mlp"], "train tracking=wandb model=mlp"),
        (["train", "tracking=offline"], "train tracking=offline"),
        (["sweep", "a.yaml"], "sweep a.yaml --target wandb"),
        (["sweep", "export", "a.yaml"], "sweep export a.yaml"),
        (["agent", "ab12cd34"], "agent ab12cd34 --target wandb"),
        (["agent", "ab12cd34", "--target=hub"], "agent ab12cd34 --target=hub"),
        (["predict", "MODEL", "a.png"], "predict MODEL a.png"),
    ],
)
def test_with_a_key_it_works_with_its_server(
    container: Container, key: str, arguments: list[str], expected: str
) -> None:
    started = container.started(*arguments, WANDB_API_KEY_FILE=key)
    assert started[:2] == [f"started: {expected}", "WANDB_API_KEY=the-key"]
    assert not any("_FILE" in line for line in started)


def test_a_sweep_is_registered_once_until_its_file_changes_and_agents_find_it(container: Container) -> None:
    container.have(
        "sweepyard", '#!/bin/sh\necho "$*" >>"$SWEEPYARD_STATE/told"\necho \'{"sweep": "local/s/ab12cd34"}\'\n'
    )
    file = container.state / "a.yaml"
    for text, calls in (("one", 1), ("one", 1), ("two", 2)):
        file.write_text(text)
        assert container.started("register", str(file)) == ["agents of this volume work on local/s/ab12cd34"]
        told = (container.state / "told").read_text().splitlines()
        assert told == [f"sweep {file} --no-agents --json"] * calls
    container.have("sweepyard", _TELLS)
    assert container.started("agent", "--cpus", "1")[0] == "started: agent local/s/ab12cd34 --cpus 1"


def test_a_sweep_file_that_is_not_there_is_not_registered(container: Container) -> None:
    told = container.refused("register", "/sweeps/nowhere.yaml")
    assert (
        told == f"error: register needs a sweep file that user {os.getuid()} may read, received /sweeps/nowhere.yaml\n"
    )
    assert not (container.state / "sweep").exists()


def test_the_hub_takes_the_key_for_its_owners_and_is_not_told_it(container: Container, key: str) -> None:
    container.have("sweepyard", f'{_TELLS}[ "$2" != keys ] || sed "s/$/ on standard input/"\n')
    told = [line for line in container.started("hub", WANDB_API_KEY_FILE=key) if not line.startswith("HOME")]
    assert told[0] == "started: hub keys add --user local --name environment --key-file -"
    assert told[1:] == ["the-key on standard input", "started: hub serve"]


def test_a_signal_reaches_what_it_started(container: Container) -> None:
    process = container.start("wait")
    assert process.stdout is not None
    assert process.stdout.readline() == "started: wait\n"
    time.sleep(0.1)  # the shell is about to become `sleep`
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGTERM


def test_everything_that_is_missing_is_said_at_once(container: Container, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    told = container.refused(
        "agent",
        "--gpus",
        "all",
        WANDB_BASE_URL="https://sweeps.lab",
        WANDB_API_KEY_FILE=str(tmp_path / "nowhere"),
        SWEEPYARD_DATABASE_FILE=str(tmp_path / "empty"),
        PGPASSWORD="the-password",
        PGPASSWORD_FILE=str(tmp_path / "empty"),
    )
    assert [line.partition(":")[0] for line in told.splitlines()] == ["error"] * 6
    assert f"WANDB_API_KEY_FILE must name a file: there is none at {tmp_path}/nowhere. Is the secret mounted?" in told
    assert f"SWEEPYARD_DATABASE_FILE must name a file that holds the secret: {tmp_path}/empty is empty" in told
    assert "PGPASSWORD and PGPASSWORD_FILE are both set" in told
    assert f"no sweep is named, and none is registered in the volume {container.state}" in told
    assert "no API key for https://sweeps.lab: set WANDB_API_KEY, or WANDB_API_KEY_FILE" in told
    assert "a GPU is asked for, and there is none" in told
    assert "the-password" not in told


@pytest.mark.parametrize(
    ("content", "why"),
    [("\n\n", "is blank"), ("the-key\r\n", "perhaps the line ends of Windows"), ("two words", "has white space in it")],
)
def test_a_file_with_something_else_than_a_secret_is_refused(
    container: Container, tmp_path: Path, content: str, why: str
) -> None:
    (tmp_path / "key").write_bytes(content.encode())
    told = container.refused("train", WANDB_API_KEY_FILE=str(tmp_path / "key"))
    assert told.startswith("error: WANDB_API_KEY_FILE must name a file that holds the secret")
    assert why in told
    assert "the-key" not in told


def test_wandb_ai_without_a_key_is_refused_and_a_login_will_do(container: Container) -> None:
    assert "no API key for https://api.wandb.ai" in container.refused("train", "tracking=wandb")
    home = Path(container.environ["HOME"])
    (home / ".netrc").write_text("machine api.wandb.ai login user password secret\n")
    assert container.started("train", "tracking=wandb")[0] == "started: train tracking=wandb"


def test_a_gpu_that_is_asked_for_must_be_there(container: Container) -> None:
    agent = ("agent", "ab12cd34", "--gpus=0")
    assert "nvidia-smi names none" in container.refused("train", NVIDIA_VISIBLE_DEVICES="all")
    assert "use the one of the target gpu" in container.refused(*agent, SWEEPYARD_BUILD="cpu")
    assert container.started("train", NVIDIA_VISIBLE_DEVICES="void")
    container.have("nvidia-smi", _GPUS)
    assert container.started(*agent)[0] == "started: agent ab12cd34 --gpus=0"


def test_a_volume_that_cannot_be_written_is_refused(container: Container) -> None:
    told = container.refused("train", SWEEPYARD_STATE="/proc/self")
    assert told.startswith(f"error: the volume /proc/self must be writable for user {os.getuid()}, group {os.getgid()}")


def test_a_command_must_be_named(container: Container) -> None:
    assert container.refused(code=2).startswith("error: a command is missing\n")
    assert container.refused("register", code=2).startswith("error: register needs a FILE\n")


def test_its_help_names_each_of_its_commands(container: Container) -> None:
    told, _ = container.start("--help").communicate(timeout=30)
    for command in ("train", "sweep", "register", "agent", "hub", "predict", "shell", "healthy"):
        assert f"\n  {command}" in told


def test_health_is_the_answer_of_the_hub_if_there_is_one(container: Container, tmp_path: Path) -> None:
    assert container.started("healthy") == []
    assert container.refused("healthy", "hub").startswith("the hub does not answer: ")
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "hub.json").write_text('{"url": "http://127.0.0.1:1"}')
    assert container.refused("healthy").startswith("the hub does not answer: ")
