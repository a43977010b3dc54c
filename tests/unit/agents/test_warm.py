"""The thin client and the fork server as real processes; runs are snippets of Python (tests.parts.snippet_server)."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from sweepyard import processes
from sweepyard.agents.warm import client, place
from sweepyard.agents.warm.ahead import started_ahead
from sweepyard.settings import Settings

ROOT = Path(__file__).parents[3]
CLIENT = """
import os, sys
from sweepyard.agents.warm import client
code = client.run(sys.argv[1:], os.environ, server="tests.parts.snippet_server")
print("COLD" if code is None else f"code {code}", flush=True)
sys.exit(99 if code is None else code)
"""
WAIT = "import time\nprint('running', flush=True)\ntime.sleep(60)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers are for Linux")


class Yard:
    """Clients that share one place for their fork servers."""

    def __init__(self, folder: Path) -> None:
        # Not below pytest's own folder: a socket's path has to be short.
        self.runtime = Path("/tmp") / f"sweepyard-test-{os.getpid()}-{folder.name[-8:]}"
        self.runtime.mkdir()
        self.folder = folder
        self.clients: list[subprocess.Popen[str]] = []
        self.notes = folder / "notes"
        self.environ = {
            **os.environ,
            "XDG_RUNTIME_DIR": str(self.runtime),
            "PYTHONPATH": str(ROOT),
            "NOTES": str(self.notes),
        }
        self.environ.pop(place.OWNER_VARIABLE, None)

    def start(self, snippet: str, *arguments: str, **environ: str) -> subprocess.Popen[str]:
        client = subprocess.Popen(
            [sys.executable, "-P", "-c", CLIENT, "import os, sys, signal\n" + snippet, *arguments],
            env={**self.environ, **environ},
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.clients.append(client)
        return client

    def run(self, snippet: str, *arguments: str, **environ: str) -> tuple[int, str, str]:
        process = self.start(snippet, *arguments, **environ)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def running(self) -> tuple[subprocess.Popen[str], psutil.Process]:
        """A client, and the run that it stands for."""
        client = self.start("print(os.getpid(), flush=True)\n" + WAIT)
        assert client.stdout is not None
        run = psutil.Process(int(client.stdout.readline()))
        assert client.stdout.readline() == "running\n"
        return client, run

    @property
    def servers(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            try:
                command, parent = process.cmdline(), process.parent()
                if any(str(self.runtime) in part for part in command) and (not parent or parent.cmdline() != command):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def end(self) -> None:
        for server in self.servers:
            for process in (*processes.descendants(server.pid), server):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        for process in self.clients:
            process.kill()
            with process:
                pass
        shutil.rmtree(self.runtime)


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = Yard(tmp_path)
    yield yard
    yard.end()


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_fork_has_all_that_its_client_has(yard: Yard) -> None:
    script = """
import json, resource, tempfile, threading
mask = os.umask(0)
print(json.dumps({
    "arguments": arguments, "argv": sys.argv, "mine": os.environ["MINE"], "there": "GONE" in os.environ,
    "folder": os.getcwd(), "mask": mask, "processors": sorted(os.sched_getaffinity(0)),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0], "path": sys.path, "scratch": tempfile.gettempdir(),
    "leader": os.getsid(0) == os.getpid(), "threads": threading.active_count(), "read": sys.stdin.readline(),
}))
print("to standard error", file=sys.stderr)
sys.exit(7)
"""
    assert yard.run("sys.exit(0)", GONE="1")[0] == 0, "the server begins with the first client's environment"
    (yard.folder / "scratch").mkdir()
    limited = ["sh", "-c", 'umask 027; ulimit -n 200; exec "$@"', "sh", "taskset", "-c", "0"]
    process = subprocess.run(
        [*limited, sys.executable, "-P", "-c", CLIENT, "import os, sys\n" + script, "model=mlp", "x=é\udcff"],
        env={**yard.environ, "MINE": "a value", "TMPDIR": str(yard.folder / "scratch")},
        cwd=yard.folder,
        input="typed\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert process.returncode == 7
    assert process.stderr == "to standard error\n"
    said = json.loads(process.stdout.splitlines()[0])
    assert said["arguments"] == ["model=mlp", "x=é\udcff"]
    assert said["argv"][:2] == ["-c", "train"]
    assert said["argv"][3:] == ["model=mlp", "x=é\udcff"]
    assert (said["mine"], said["there"]) == ("a value", False)
    assert said["folder"] == str(yard.folder)
    assert said["mask"] == 0o027
    assert said["processors"] == [0]
    assert said["files"] == 200
    assert str(ROOT) in said["path"]
    assert said["scratch"] == str(yard.folder / "scratch")
    assert said["leader"]
    assert said["threads"] == 1
    assert said["read"] == "typed\n"
    assert len(yard.servers) == 1


def test_clients_that_come_at_once_share_one_server_and_their_forks_differ(yard: Yard) -> None:
    snippet = "import random, time\ntime.sleep(0.3)\nprint(os.getppid(), random.random())"
    clients = [yard.start(snippet) for _ in range(4)]
    lines = [client.communicate(timeout=60)[0].split() for client in clients]
    assert len({line[0] for line in lines}) == 1
    assert len({line[1] for line in lines}) == 4


def test_the_client_ends_as_its_run_ends(yard: Yard) -> None:
    assert yard.run("sys.exit(0)")[0] == 0
    assert yard.run("sys.exit(75)")[0] == 75
    assert yard.run("os.kill(os.getpid(), signal.SIGSEGV)")[0] == -signal.SIGSEGV
    assert yard.run("os.kill(os.getpid(), signal.SIGKILL)")[0] == -signal.SIGKILL
    code, _, err = yard.run("raise ValueError('said by the run')")
    assert code == 1
    assert "ValueError: said by the run" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_to_the_client_reaches_the_run(yard: Yard, number: signal.Signals) -> None:
    # The signal may come while the snippet still prints, and printing cannot be entered twice.
    snippet = f"""
def heard(number, frame):
    os.write(1, b"heard %d\\n" % number)
    sys.exit(5)
signal.signal({int(number)}, heard)
"""
    client = yard.start(snippet + WAIT)
    assert client.stdout is not None
    assert client.stdout.readline() == "running\n"
    client.send_signal(number)
    out, _ = client.communicate(timeout=60)
    assert f"heard {int(number)}" in out
    assert client.returncode == 5


def test_a_hangup_that_the_client_ignores_does_not_reach_the_run(yard: Yard) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        client, run = yard.running()
    finally:
        signal.signal(signal.SIGHUP, before)
    client.send_signal(signal.SIGHUP)
    client.send_signal(signal.SIGSTOP)  # It has been delivered once this is.
    until(lambda: psutil.Process(client.pid).status() == psutil.STATUS_STOPPED)
    client.send_signal(signal.SIGCONT)
    assert run.is_running()
    client.terminate()
    assert client.wait(20) == -signal.SIGTERM


def test_a_paused_client_pauses_its_run(yard: Yard) -> None:
    client, run = yard.running()
    client.send_signal(signal.SIGTSTP)
    until(lambda: run.status() == psutil.STATUS_STOPPED)
    until(lambda: psutil.Process(client.pid).status() == psutil.STATUS_STOPPED)
    client.send_signal(signal.SIGCONT)
    until(lambda: run.status() != psutil.STATUS_STOPPED)
    client.terminate()
    assert client.wait(20) == -signal.SIGTERM


def test_a_killed_client_takes_its_run_along_and_no_other(yard: Yard) -> None:
    first, doomed = yard.running()
    second, other = yard.running()
    first.kill()
    until(lambda: gone(doomed))
    assert other.is_running()
    second.terminate()
    assert second.wait(20) == -signal.SIGTERM


def test_a_run_whose_server_is_killed_goes_on_cold_and_says_so(yard: Yard) -> None:
    client, run = yard.running()
    (server,) = yard.servers
    server.kill()
    out, err = client.communicate(timeout=60)
    assert gone(run), "two processes must never be one run"
    assert out == "COLD\n"
    assert err == "starting cold: the fork server died, and the run with it; it goes on from its last checkpoint\n"
    assert yard.run("sys.exit(0)")[0] == 0, "the next run gets a new server"


def test_a_run_that_was_to_stop_does_not_go_on_when_the_server_dies(yard: Yard) -> None:
    client = yard.start("signal.signal(signal.SIGTERM, lambda *_: os.write(1, b'heard\\n'))\n" + WAIT)
    assert client.stdout is not None
    assert client.stdout.readline() == "running\n"
    client.terminate()
    assert client.stdout.readline() == "heard\n"
    (server,) = yard.servers
    server.kill()
    assert client.wait(20) == 128 + signal.SIGTERM


def test_a_server_without_runs_leaves_nothing_behind(yard: Yard) -> None:
    assert yard.run("sys.exit(0)", SWEEPYARD_WARM_IDLE="0.5")[0] == 0
    until(lambda: not yard.servers)
    assert not list((yard.runtime / "sweepyard").iterdir())


def test_who_waits_for_a_lock_that_is_removed_waits_for_the_next(tmp_path: Path) -> None:
    path, entered = f"{tmp_path}/server", threading.Event()

    def enter() -> None:
        with place.locked(path):
            entered.set()

    waiting = threading.Thread(target=enter, daemon=True)
    with open(f"{path}.lock.new", "w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with place.locked(path):
            waiting.start()
            time.sleep(0.1)
            os.replace(other.name, f"{path}.lock")
        assert not entered.wait(0.2)
    assert entered.wait(20)
    waiting.join(20)


def test_a_server_that_fails_leaves_its_log_and_the_run_says_where(yard: Yard) -> None:
    (yard.folder / "empty").mkdir()
    _, out, err = yard.run("sys.exit(0)", WATCHED_CODE=str(yard.folder / "empty"))
    (log,) = yard.runtime.rglob("*.log")
    assert (out, err) == ("COLD\n", f"starting cold: the fork server ended before it forked; {log} says why\n")
    assert "No module named 'watched'" in log.read_text()


@pytest.mark.parametrize("idle", ["abc", "-1", "inf"])
def test_a_wrong_setting_of_the_server_is_told(yard: Yard, idle: str) -> None:
    _, out, err = yard.run("sys.exit(0)", SWEEPYARD_WARM_IDLE=idle)
    told = f"starting cold: SWEEPYARD_WARM_IDLE must be a number of seconds; received '{idle}'\n"
    assert (out, err) == ("COLD\n", told)


def test_whoever_says_neither_yes_nor_no_is_told() -> None:
    wanted = [client.is_wanted([], {"SWEEPYARD_WARM": said}) for said in ("", "yes", "Off", "maybe")]
    assert wanted == [False, True, False, False]
    with pytest.raises(ValueError, match=r"SWEEPYARD_WARM must be 1 or 0; received 'maybe'"):
        Settings.from_environment({"SWEEPYARD_WARM": "maybe"})


def test_a_server_ends_with_the_process_that_it_is_for(yard: Yard) -> None:
    owner = subprocess.Popen(["sleep", "60"])
    assert yard.run("sys.exit(0)", SWEEPYARD_WARM_OWNER=str(owner.pid))[0] == 0
    assert len(yard.servers) == 1
    owner.kill()
    owner.wait()
    until(lambda: not yard.servers)


def test_a_server_that_is_told_to_end_finishes_its_runs_first(yard: Yard) -> None:
    client, run = yard.running()
    (server,) = yard.servers
    server.terminate()
    until(lambda: not list(yard.runtime.rglob("*.socket")))
    assert run.is_running()
    code, out, _ = yard.run("print(os.getppid())")
    assert code == 0
    assert int(out.split()[0]) != server.pid, "whoever comes now gets a new one"
    client.terminate()
    assert client.wait(20) == -signal.SIGTERM
    until(lambda: gone(server))


def test_changed_code_gets_a_new_server(yard: Yard) -> None:
    code = yard.folder / "code"
    code.mkdir()
    (code / "watched.py").write_text("VALUE = 1\n")
    environ = {"WATCHED_CODE": str(code)}
    snippet = "import watched\nprint(os.getppid(), watched.VALUE)"
    _, first, _ = yard.run(snippet, **environ)
    _, again, _ = yard.run(snippet, **environ)
    assert again == first
    (code / "watched.py").write_text("VALUE = 234\n")
    _, second, _ = yard.run(snippet, **environ)
    assert second.split()[0] != first.split()[0]
    assert second.split()[1] == "234"
    until(lambda: len(yard.servers) == 1)


def test_a_refused_run_starts_cold_with_the_reason(yard: Yard) -> None:
    assert yard.run("child.refuse('the config says so')") == (
        99,
        "COLD\n",
        "starting cold: the config says so\n",
    )
    assert yard.run("child.refuse('')") == (99, "COLD\n", "")


def test_what_a_run_does_to_itself_does_not_reach_the_next(yard: Yard) -> None:
    lowered = "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\nos.chdir('/')\nos.umask(0)"
    assert yard.run(lowered)[0] == 0
    _, out, _ = yard.run("import resource\nprint(*resource.getrlimit(resource.RLIMIT_NOFILE), os.getcwd())")
    assert out.splitlines()[0] == " ".join(map(str, [*resource.getrlimit(resource.RLIMIT_NOFILE), yard.folder]))


def test_a_run_that_is_accepted_notes_for_the_next(yard: Yard) -> None:
    assert yard.run("child.accept()\nchild.note(b'loaded')")[0] == 0
    until(lambda: yard.notes.exists() and yard.notes.read_bytes() == b"loaded")


def test_another_environment_that_imports_see_gets_another_server(yard: Yard) -> None:
    def server(**environ: str) -> str:
        return yard.run("print(os.getppid())", **environ)[1].split()[0]

    plain = server()
    assert server(WANDB_RUN_ID="abc", CUDA_VISIBLE_DEVICES="1") == plain
    assert server(TF_ENABLE_ONEDNN_OPTS="0") != plain
    assert server(SWEEPYARD_WARM_OWNER=str(os.getpid())) != plain


@pytest.mark.parametrize(
    ("command", "starts"),
    [
        (["sh", "-c", '"$@"', "sh", "/opt/bin/sweepyard", "train", "--parameters", "${args_json_file}"], True),
        (["${env}", "python", "-m", "sweepyard", "train", "model=mlp"], True),
        (["sweepyard", "train", "warm=false"], False),
        (["${env}", "${interpreter}", "${program}", "${args}"], False),
        ([], False),
    ],
)
def test_an_agent_has_the_server_ready_for_commands_that_want_one(
    yard: Yard, command: list[str], starts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in set(os.environ) - set(yard.environ):
        monkeypatch.delenv(name)
    with started_ahead(command, {**yard.environ, "WANDB_SWEEP_ID": "abc"}, server="tests.parts.snippet_server"):
        begun = yard.servers
        assert len(begun) == starts
        assert yard.run("print(os.getppid())")[1].split()[0] == str(yard.servers[0].pid)
    assert all(gone(server) for server in begun)


def test_a_place_that_others_can_enter_is_refused(yard: Yard) -> None:
    folder = yard.runtime / "sweepyard"
    folder.mkdir(mode=0o755)
    code, out, err = yard.run("sys.exit(0)")
    assert (code, out) == (99, "COLD\n")
    assert "only its owner" in err


def test_the_client_imports_nothing_heavy() -> None:
    script = "import sys\nfrom sweepyard.agents.warm import client\nprint(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True).stdout
    for module in (
        "click",
        "asyncio",
        "dataclasses",
        "inspect",
        "subprocess",
        "psutil",
        "importlib.metadata",
        "ctypes",
    ):
        assert f" {module} " not in f" {loaded.strip()} "
