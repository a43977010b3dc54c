"""The image and the stack of compose.yaml on a real Docker engine: built, run without rights, interrupted, resumed."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
# Three runs that differ in nothing that counts.
SWEEP = """\
name: steady
project: steady
method: grid
max_retries: 1
metric: {name: epoch/val_loss, goal: minimize}
parameters: {notes: {values: [one, other, third]}}
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
    ports = {name: str(Authority.free_port()) for name in ("HUB_PORT", "DATABASE_PORT", "NOTEBOOK_PORT")}
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


def test_interrupted_and_killed_runs_go_on_in_the_other_container_with_the_same_weights(stack: Stack) -> None:
    engine = stack.engine
    stack("up", "--detach", "--no-build")
    try:
        outputs = folder_of(engine, "sweepyard_work") / "outputs" / "steady"
        agents = ["sweepyard-agent-1", "sweepyard-agent-2"]
        wait_until(lambda: any(checkpointed(outputs, agent, engine) for agent in agents), stack)
        its, other = sorted(agents, key=lambda agent: not checkpointed(outputs, agent, engine))
        interrupted = newest_run(its, engine)
        engine.run("stop", "--time=60", its)
        assert f"{interrupted} preempted: it goes back to the queue" in engine.run("logs", its)
        assert how_ended(its, engine) == ["75", "0"]

        engine.run("start", its)
        wait_until(lambda: checkpointed(outputs, other, engine), stack)
        engine.run("kill", other)
        killed = newest_run(other, engine)
        assert engine.run("wait", its).strip() == "0"
        assert how_ended(other, engine) == ["137", "0"]
        assert killed in runs_begun(its, engine)

        listed = stack("exec", "-T", "hub", "sweepyard", "runs", "list", "--project", "steady", "--json")
        runs: list[dict[str, Any]] = json.loads(listed)
        assert [run["state"] for run in runs] == ["finished"] * 3
        assert len({run["summary"]["weights_digest"] for run in runs}) == 1
        health = stack("ps", "--format={{.Service}}={{.Health}}").split()
        assert sorted(health) == ["database=healthy", "hub=healthy"]
        look_at_the_dashboard(stack)
        look_at_the_notebooks(stack)
    except BaseException:
        print(stack("logs", "--no-color", "--tail=60"))
        raise
    finally:
        stack("--profile=notebook", "down", "--volumes", "--timeout=60")


def folder_of(engine: DockerEngine, volume: str) -> Path:
    return Path(engine.run("volume", "inspect", "--format={{.Mountpoint}}", volume).strip())


def wait_until(happened: Callable[[], object], stack: Stack) -> None:
    deadline = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < deadline, stack("ps", "--all")
        time.sleep(0.2)


def runs_begun(agent: str, engine: DockerEngine) -> list[str]:
    """The runs that an agent's container has begun, oldest first, as its log has them."""
    return re.findall(r"(\w+) began", engine.run("logs", agent))


def newest_run(agent: str, engine: DockerEngine) -> str:
    return runs_begun(agent, engine)[-1]


def checkpointed(outputs: Path, agent: str, engine: DockerEngine) -> bool:
    """Whether the agent's newest run has a checkpoint."""
    begun = runs_begun(agent, engine)
    return bool(begun) and any((outputs / begun[-1] / "checkpoints").glob("*.npz"))


def how_ended(agent: str, engine: DockerEngine) -> list[str]:
    """The exit code of the agent's container, and how often it began again."""
    return engine.run("inspect", "--format={{.State.ExitCode}} {{.RestartCount}}", agent).split()


def look_at_the_dashboard(stack: Stack) -> None:
    trusting = ssl.create_default_context(cafile=str(stack.secrets / "ca.crt"))
    url = f"https://localhost:{stack.environ['HUB_PORT']}"
    with httpx.Client(verify=trusting, trust_env=False, base_url=url, follow_redirects=True) as browser:
        key = (stack.secrets / "api-key").read_text()
        browser.post("/login", data={"key": key}, headers={"Origin": url})
        page = browser.get("/local/steady")
        assert page.status_code == 200
        assert "steady" in page.text


def look_at_the_notebooks(stack: Stack) -> None:
    """Jupyter opens for its token alone, and a notebook reads the sweep from the hub."""
    engine = stack.engine
    engine.run("build", "--network=host", "--target=notebook", "--tag", f"{IMAGE}-notebook", ".")
    sweep = (folder_of(engine, "sweepyard_work") / "sweep").read_text().split()[1]
    reading = replace(stack, environ={**stack.environ, "SWEEP": sweep})
    reading("--profile=notebook", "up", "--detach", "--no-build", "--wait", "notebook")
    contents = f"http://localhost:{stack.environ['NOTEBOOK_PORT']}/api/contents"
    token = {"Authorization": f"token {(stack.secrets / 'notebook-token').read_text()}"}
    with httpx.Client(trust_env=False) as browser:
        assert browser.get(contents).status_code == 403
        names = {entry["name"] for entry in browser.get(contents, headers=token).json()["content"]}
    assert names == {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    execute = "cd notebooks && jupyter execute --output=done compare_runs.ipynb"
    reading("--profile=notebook", "exec", "-T", "notebook", "entrypoint.sh", "shell", "-c", execute)
    done = (folder_of(engine, "sweepyard_notebooks") / "notebooks" / "done.ipynb").read_text()
    assert "3 runs, method grid, finished" in done
