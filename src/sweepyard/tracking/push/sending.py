"""Sending runs and sweeps from one W&B server to another, through the client: resumable, and safe to repeat.

For each run a transaction log is written from what the source holds and sent with the client's own
`wandb sync`, in the client's resume mode: rows that the destination has already are compared with the
source's, and only what comes behind them is sent. What the client's process says is not believed: in the
end the destination is asked, and compared with the source value by value.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sweepyard.domain.run import RunPath, RunState
from sweepyard.domain.sweep import SweepPath
from sweepyard.errors import InvalidInput, NotTracked, TrackingError, Violation
from sweepyard.tracking.push.artifacts import in_order
from sweepyard.tracking.push.client import SyncClient
from sweepyard.tracking.push.facts import LATEST, ArtifactFacts, Difference, RunFacts, differences, renumbered
from sweepyard.tracking.push.journal import Journal, Verified
from sweepyard.tracking.push.report import Outcome, PushReport, RunResult, SweepResult
from sweepyard.tracking.push.side import Side
from sweepyard.tracking.push.side_sweeps import SweepFacts
from sweepyard.tracking.push.streams import digests_of
from sweepyard.tracking.push.sweeps import SweepPusher
from sweepyard.tracking.push.task import PushTarget, PushTask, shared_collections
from sweepyard.tracking.push.writing import LogWriter

_BATCH_RUNS = 8
_PARALLEL = 4

Say = Callable[[str], None]


class Push:
    """Sends runs from `source` to `destination`."""

    def __init__(
        self,
        source: Side,
        destination: Side,
        target: PushTarget,
        *,
        client: SyncClient,
        journal: Journal,
        say: Say,
        with_running: bool = False,
    ) -> None:
        """Get ready.

        Args:
            journal: Its folder holds what is about to be sent. It must be entered before `push`.
            say: Takes a line at each step.
            with_running: Whether runs that go on are sent as far as they are.
        """
        self._source = source
        self._destination = destination
        self._target = target
        self._client = client
        self._journal = journal
        self._say = say
        self._with_running = with_running
        self._sweeps = SweepPusher(source.sweeps, destination.sweeps, journal)
        self._writer = LogWriter(source, destination)
        self._staging = journal.folder / "staging"

    def plan(self, wanted: Sequence[SweepPath | RunPath]) -> PushReport:
        """What a push would do, by counts and digests; nothing is written anywhere."""
        report = PushReport(self._destination.url)
        tasks = self._tasks(self._runs_of(wanted), report)
        for sweep, of_it in self._by_sweep(wanted, tasks):
            found = self._sweeps.find(sweep, *self._target.place_of(sweep.path.project), _present(of_it))
            path, state = (None, sweep.state) if found is None else (found.path, found.state)
            report.sweeps.append(SweepResult(sweep.path, path, state))
            for task in of_it:
                task.sweep_id = found.path.sweep_id if found else "(to be registered)"
        for task in tasks:
            result, present = task.result, task.present
            held = 0 if present is None else present.history_lines
            result.rows = max(0, task.source.history_lines - held)
            result.files, result.artifacts = len(task.missing_files), len(task.missing_artifacts)
            if present is None:
                result.outcome = Outcome.TO_SEND
            elif found_differences := list(differences(task.source, present, sweep_id=task.sweep_id)):
                result.outcome = Outcome.TO_EXTEND
                task.note_differences(found_differences)
        return report

    def push(self, wanted: Sequence[SweepPath | RunPath]) -> PushReport:
        """Send runs, with the sweeps that they belong to, and sweeps, with all of their runs.

        Raises:
            InvalidInput: A run would be sent onto itself.
            TrackingError: A server is away or refuses. What was sent stays; the next push goes on from there.
        """
        report = PushReport(self._destination.url)
        self._clear()
        self._client.forget()
        try:
            self._push(wanted, report)
        except TrackingError as error:
            if report.count(Outcome.SENT, Outcome.EXTENDED):
                raise TrackingError(f"{error}. What was sent stays; the same command goes on from there") from error
            raise
        finally:
            self._clear()
        return report

    def _push(self, wanted: Sequence[SweepPath | RunPath], report: PushReport) -> None:
        tasks = self._tasks(self._runs_of(wanted), report)
        sweeps = []
        for sweep, of_it in self._by_sweep(wanted, tasks):
            place = self._target.place_of(sweep.path.project)
            made, warnings = self._sweeps.ensure(sweep, *place, _present(of_it))
            sweeps.append((sweep, made, warnings))
            for task in of_it:
                task.sweep_id = made.path.sweep_id
        waiting = [task for task in tasks if not self._is_known_equal(task)]
        if len(waiting) < len(tasks):
            self._say(f"{len(tasks) - len(waiting)} of {len(tasks)} runs are as they were when they were last pushed")
        self._send_runs([task for task in waiting if self._may_be_ours(task)])
        # Last, since an input may be what another run of this push has logged.
        for task in waiting:
            self._use_inputs(task)
        report.sweeps += [self._sweeps.settle(sweep, made, warnings) for sweep, made, warnings in sweeps]

    def _runs_of(self, wanted: Sequence[SweepPath | RunPath]) -> list[RunPath]:
        runs: list[RunPath] = []
        for path in wanted:
            runs += self._source.sweeps.runs_of(path) if isinstance(path, SweepPath) else [path]
        return runs

    def _tasks(self, runs: Sequence[RunPath], report: PushReport) -> list[PushTask]:
        """The runs that are to be sent; they all go into the report, also what is left out."""
        tasks = []
        for path in dict.fromkeys(runs):
            goal = self._target.path_of(path)
            if self._source.url == self._destination.url and goal == path:
                rule = "a push needs another server, entity or project to go to"
                raise InvalidInput([Violation(rule, f"{self._destination.url}, {goal}", "Name one with --project")])
            source = self._source.runs.get(path)
            if source is None:
                raise NotTracked(f"{self._source.url} has no run {path}; `sweepyard runs list` shows what there is")
            url = self._destination.runs.url_of(goal)
            result = RunResult(source=path, destination=goal, url=url, outcome=Outcome.UNCHANGED)
            report.runs.append(result)
            if source.state is RunState.PENDING:
                result.outcome = Outcome.LEFT_OUT
                result.notes.append("it has not started")
            elif source.state.is_live and not self._with_running:
                result.outcome = Outcome.LEFT_OUT
                result.notes.append("it is still running; --running sends what there is of it")
            else:
                tasks.append(PushTask(source, goal, self._destination.runs.get(goal), result))
        return tasks

    def _by_sweep(
        self, wanted: Sequence[SweepPath | RunPath], tasks: Sequence[PushTask]
    ) -> Iterator[tuple[SweepFacts, list[PushTask]]]:
        by_sweep: dict[SweepPath, list[PushTask]] = {path: [] for path in wanted if isinstance(path, SweepPath)}
        for task in tasks:
            path = task.source.path
            if task.source.sweep_id is not None:
                by_sweep.setdefault(SweepPath(path.entity, path.project, task.source.sweep_id), []).append(task)
        for sweep, of_it in by_sweep.items():
            yield self._sweeps.source_sweep(sweep), of_it

    def _is_known_equal(self, task: PushTask) -> bool:
        """Whether both sides are as they were when they were last found equal, value by value."""
        if task.present is None:
            return False
        now = Verified(task.source.fingerprint(), task.present.fingerprint())
        return self._journal.verified(str(task.source.path)) == now

    def _may_be_ours(self, task: PushTask) -> bool:
        """Whether the run at the destination, if there is one, may be this one; its history will show."""
        present = task.present
        if present is None or present.history_lines or self._journal.run_is_begun(str(task.source.path)):
            return True
        if present.config != task.source.config:
            task.refuse("its config is another")
            return False
        return True

    def _send_runs(self, tasks: Sequence[PushTask]) -> None:
        # A server numbers a collection's versions as they come: what several runs logged to waits for all of them.
        shared = shared_collections(tasks)
        later: list[PushTask] = []
        for start in range(0, len(tasks), _BATCH_RUNS):
            batch = tasks[start : start + _BATCH_RUNS]
            self._send_batch(batch, shared)
            for task in batch:
                if task.result.outcome is Outcome.TAKEN:
                    continue
                if shared & {artifact.collection for artifact in task.missing_artifacts}:
                    later.append(task)
                else:
                    self._finish(task)
        self._send_shared(later, shared)
        for task in later:
            self._finish(task)

    def _send_batch(self, batch: Sequence[PushTask], shared: frozenset[str]) -> None:
        logs = []
        for number, task in enumerate(batch):
            own = [artifact for artifact in task.missing_artifacts if artifact.collection not in shared]
            folder = self._staging / f"run-{number}"
            log = self._writer.write(task, folder, own)
            if log is None:
                shutil.rmtree(folder)
                continue
            self._journal.begin_run(str(task.source.path))
            task.result.outcome = Outcome.SENT if task.present is None else Outcome.EXTENDED
            logs.append((log, task))
        self._send(logs)

    def _send_shared(self, tasks: Sequence[PushTask], shared: frozenset[str]) -> None:
        """Send versions of collections that several runs logged to, in the order of their numbers."""
        by_run = {task.source.path: task for task in tasks}
        waiting: dict[RunPath, list[ArtifactFacts]] = {
            path: [artifact for artifact in task.missing_artifacts if artifact.collection in shared]
            for path, task in by_run.items()
        }
        for path, block in in_order(waiting):
            task = by_run[path]
            log = self._writer.write_artifacts(task, self._staging / "artifacts", block)
            self._send([(log, task)])

    def _send(self, logs: Sequence[tuple[Path, PushTask]]) -> None:
        if not logs:
            return
        for _, task in logs:
            result = task.result
            self._say(f"{result.source}: {result.rows} rows, {result.files} files, {result.artifacts} artifacts")
        said = self._client.send([log for log, _ in logs], parallel=_PARALLEL)
        for log, task in logs:
            task.said = said
            shutil.rmtree(log.parent)

    def _finish(self, task: PushTask) -> None:
        """Put right what the client writes in its own way, then compare everything but the inputs."""
        found = self._put_right(task)
        digests = task.digests or digests_of(self._source.runs, task.source.path)
        if task.present is not None:
            found += digests.differences(digests_of(self._destination.runs, task.destination))
            task.result.notes += renumbered(task.source.artifacts, task.present.artifacts)
        # Inputs come later; lines were compared by what is in them.
        found = [difference for difference in found if difference.part not in {"input", "lines"}]
        if found:
            task.result.outcome = Outcome.UNEQUAL
            task.note_differences(found)
            if task.said:
                task.result.notes.append(f"the client said: {task.said}")

    def _put_right(self, task: PushTask) -> list[Difference]:
        """Set what can be set, upload files that are other ones, move aliases; gives what is different after that."""
        goal = task.destination
        task.present = present = self._destination.runs.get(goal)
        if present is None:
            return [Difference("run", str(task.source.path), "nothing")]
        found = differences(task.source, present, sweep_id=task.sweep_id)
        if any(difference.part == "settings" for difference in found):
            self._destination.runs.describe(present, task.source)
            self._changed(task)
        if wrong := task.missing_files:
            folder = self._staging / "files"
            self._source.runs.download_files(task.source.path, wrong, folder)
            for name in wrong:
                self._destination.runs.upload_file(goal, folder, name)
            shutil.rmtree(folder)
            self._changed(task)
            task.result.files = max(task.result.files, len(wrong))
        there = {artifact.key: artifact for artifact in present.artifacts}
        for artifact in task.source.artifacts:
            other = there.get(artifact.key)
            if other is not None:
                self._move_aliases(task, artifact, other)
        task.present = present = self._destination.runs.get(goal) or present
        return list(differences(task.source, present, sweep_id=task.sweep_id))

    def _move_aliases(self, task: PushTask, wanted: ArtifactFacts, present: ArtifactFacts) -> None:
        # `latest` goes where it is at the source when versions were sent, and is nobody's business afterwards.
        missing = set(wanted.aliases) - set(present.aliases) - (set() if task.result.artifacts else {LATEST})
        extra = set(present.aliases) - set(wanted.aliases) - {LATEST}
        if missing:
            self._destination.artifacts.change_aliases(task.destination, present, sorted(missing), add=True)
        if extra:
            self._destination.artifacts.change_aliases(task.destination, present, sorted(extra), add=False)
        if missing or extra:
            self._changed(task)

    def _use_inputs(self, task: PushTask) -> None:
        """Note at the destination which artifacts the run used; then the run is done, and that is noted."""
        if not task.result.outcome.is_well or task.present is None:
            return
        goal = task.destination
        linked = {artifact.key for artifact in task.present.used}
        for artifact in [artifact for artifact in task.source.used if artifact.key not in linked]:
            found = self._destination.artifacts.get(
                goal.entity, goal.project, f"{artifact.collection}:{artifact.digest}"
            )
            if found is None:
                hint = "Push the run that logged it, then this one again"
                task.result.notes.append(f"its input {artifact} is not at the destination. {hint}")
                task.is_whole = False
                continue
            self._destination.artifacts.use(goal, found)
            self._changed(task)
        task.present = self._destination.runs.get(goal) or task.present
        if task.is_whole:
            now = Verified(task.source.fingerprint(), task.present.fingerprint())
            self._journal.verify(str(task.source.path), now)

    def _changed(self, task: PushTask) -> None:
        if task.result.outcome is Outcome.UNCHANGED:
            task.result.outcome = Outcome.EXTENDED

    def _clear(self) -> None:
        shutil.rmtree(self._staging, ignore_errors=True)


def _present(tasks: Sequence[PushTask]) -> list[RunFacts]:
    return [task.present for task in tasks if task.present is not None]
