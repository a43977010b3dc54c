"""The image and the stack of compose.yaml on a real Docker engine: built, run without rights, interrupted, resumed."""

from __future__ import annotations

import json
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.parts.authority import Authority
from tests.parts.docker_engine import DockerEngine

pytestmark = [pytest.mark.slow, pytest.mark.system, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
IMAGE = "sweepyard:0.1.0"
MOST_BYTES = 1_800_000_000
# Two runs that differ in nothing that counts.
SWEEP = """\
name: steady
project: steady
method: grid
metric: {name: epoch/val_loss, goal: minimize}
parameters: {notes: {values: [one, other]}}
command: [sweepyard, train, --parameters, "${args_json_file}", model=lenet5, data.train_limit=2048,
  trainer.epochs=8, seed.deterministic=true, trainer.threads=1,
  tracking.mistakes=0, tracking.confusion_matrix=false, tracking.model_artifact=false]
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    # With a short path, for its sockets.
    engine = DockerEngine(Path(tempfile.mkdtemp(prefix="sweepyard-docker-")))
    try:
        yield engine
    finally:
        engine.stop()


@pytest.fixture(scope="module")
def built(engine: DockerEngine) -> DockerEngine:
    """The engine, with the image."""
    engine.have_python_image()
    engine.run("build", "--network=host", "--target=cpu", "--tag", IMAGE, ".")
    return engine


@dataclass(frozen=True)
class Stack:
    """compose.yaml on the host's network."""

    engine: DockerEngine
    environ: dict[str, str]

    def __call__(self, *arguments: str, fails: bool = False) -> str:
        files = ["--file=compose.yaml", "--file=deploy/compose/host-network.yaml", "--profile=cpu"]
        return self.engine.compose(*files, *arguments, environ=self.environ, fails=fails)

    @property
    def secrets(self) -> Path:
        return Path(self.environ["SECRETS"])


@pytest.fixture(scope="module")
def stack(built: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder = tmp_path_factory.mktemp("stack")
    built.have_database_image()
    secrets = folder / "secrets"
    subprocess.run([str(ROOT / "deploy/compose/make-secrets.sh"), str(secrets)], check=True, stdout=subprocess.DEVNULL)
    sweeps = folder / "sweeps"
    sweeps.mkdir()
    sweeps.chmod(0o755)
    (sweeps / "steady.yaml").write_text(SWEEP)
    ports = {name: str(Authority.free_port()) for name in ("HUB_PORT", "DATABASE_PORT")}
    places = {"SECRETS": str(secrets), "SWEEPS": str(sweeps), "SWEEP_FILE": "/sweeps/steady.yaml"}
    return Stack(built, {**ports, **places})


def test_the_image_is_small_and_holds_no_secret_and_no_root(built: DockerEngine) -> None:
    (image,) = json.loads(built.run("image", "inspect", IMAGE))
    assert image["Size"] < MOST_BYTES
    assert image["Config"]["User"] == "10001"
    assert image["Config"]["Entrypoint"] == ["tini", "--", "entrypoint.sh"]
    assert set(image["Config"]["Volumes"]) == {"/state"}
    assert image["Config"]["Healthcheck"]["Test"] == ["CMD", "entrypoint.sh", "healthy"]
    assert image["Config"]["Labels"]["org.opencontainers.image.version"] == "0.1.0"
    assert not any("KEY" in variable or "PASSWORD" in variable for variable in image["Config"]["Env"])


def test_it_trains_as_anybody_with_nothing_to_write_but_its_volume(built: DockerEngine) -> None:
    bare = ["run", "--rm", "--read-only", "--network=none", "--user=12345", "--cap-drop=ALL"]
    tiny = ["model=lenet5", "data.train_limit=256", "trainer.epochs=1"]
    told = built.run(*bare, "--volume=trained:/state", IMAGE, "train", *tiny)
    assert "model: /state/outputs/sweepyard/" in told
    assert built.run(*bare, "--volume=trained:/state", IMAGE, "shell", "-c", "id -u; id -g").split() == ["12345", "0"]
    refused = built.run("run", "--rm", "--network=none", "--volume=trained:/state", IMAGE, "runs", "list", fails=True)
    assert "is user 12345's and cannot be written by user 10001" in refused


def test_what_is_missing_is_said_before_anything_starts(built: DockerEngine, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("the-key")
    secret.chmod(0o400)
    mounted = [f"--volume={secret}:/run/secrets/key:ro", "--env=WANDB_API_KEY_FILE=/run/secrets/key"]
    told = built.run(
        *("run", "--rm", "--network=none", "--volume=kept:/state:ro", *mounted, IMAGE),
        *("agent", "ab12cd34", "--gpus", "all"),
        fails=True,
    )
    assert [line.partition(":")[0] for line in told.splitlines()] == ["error"] * 3
    assert "must name a file that user 10001 may read: /run/secrets/key" in told
    assert "the volume /state must be writable for user 10001, group 0: it is read-only" in told
    assert "use the one of the target gpu" in told


def test_a_missing_secret_stops_the_stack(stack: Stack) -> None:
    kept = stack.secrets / "kept"
    (stack.secrets / "database-password").rename(kept)
    try:
        assert str(stack.secrets / "database-password") in stack("up", "--detach", fails=True)
    finally:
        kept.rename(stack.secrets / "database-password")
        stack("down", "--volumes")


def test_an_interrupted_run_goes_on_in_the_other_container_with_the_same_weights(stack: Stack) -> None:
    stack("up", "--detach", "--no-build")
    try:
        volume = Path(stack.engine.run("volume", "inspect", "--format={{.Mountpoint}}", "sweepyard_work").strip())
        interrupted = first_checkpointed(volume, stack)
        agents = ["sweepyard-agent-1", "sweepyard-agent-2"]
        its, other = sorted(agents, key=lambda agent: f"{interrupted} began" not in stack.engine.run("logs", agent))
        stack.engine.run("stop", "--time=60", its)
        assert stack.engine.run("wait", other).strip() == "0"
        assert f"{interrupted} preempted: it goes back to the queue" in stack.engine.run("logs", its)
        assert f"{interrupted} began" in stack.engine.run("logs", other)
        ended = stack.engine.run("inspect", "--format={{.State.ExitCode}} {{.RestartCount}}", its)
        assert ended.split() == ["75", "0"]
        listed = stack("exec", "-T", "hub", "sweepyard", "runs", "list", "--project", "steady", "--json")
        runs: list[dict[str, Any]] = json.loads(listed)
        assert [run["state"] for run in runs] == ["finished", "finished"]
        assert len({run["summary"]["weights_digest"] for run in runs}) == 1
        health = stack("ps", "--format={{.Service}}={{.Health}}").split()
        assert sorted(health) == ["database=healthy", "hub=healthy"]
        look_at_the_dashboard(stack)
    except BaseException:
        print(stack("logs", "--no-color", "--tail=60"))
        raise
    finally:
        stack("down", "--volumes", "--timeout=60")


def first_checkpointed(volume: Path, stack: Stack) -> str:
    """The first run that has done an epoch; waits for it."""
    deadline = time.monotonic() + 300
    while not (found := list(volume.glob("outputs/steady/*/checkpoints/*.npz"))):
        assert time.monotonic() < deadline, stack("ps", "--all")
        time.sleep(0.2)
    return found[0].parents[1].name


def look_at_the_dashboard(stack: Stack) -> None:
    trusting = ssl.create_default_context(cafile=str(stack.secrets / "ca.crt"))
    url = f"https://localhost:{stack.environ['HUB_PORT']}"
    with httpx.Client(verify=trusting, trust_env=False, base_url=url, follow_redirects=True) as browser:
        key = (stack.secrets / "api-key").read_text()
        browser.post("/login", data={"key": key}, headers={"Origin": url})
        page = browser.get("/local/steady")
        assert page.status_code == 200
        assert "steady" in page.text
