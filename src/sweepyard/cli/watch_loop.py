"""Looking at a sweep until it is over, also past times when its server is away."""

from __future__ import annotations

from sweepyard.cli.keys import Keyboard
from sweepyard.cli.watch_picture import in_order
from sweepyard.cli.watch_views import View
from sweepyard.clock import SystemClock
from sweepyard.domain.run import RunState
from sweepyard.errors import HubError, HubUnreachable, NotTracked, TrackingError
from sweepyard.settings import Settings
from sweepyard.tracking.records import SweepRecord, SweepSight
from sweepyard.tracking.server import Server
from sweepyard.tracking.sweep_reader import SweepReader
from sweepyard.wiring.joining import find_hub


class Lookout:
    """Looks at one sweep; finds its hub again where that has moved."""

    def __init__(self, name: str, server: Server | None, settings: Settings) -> None:
        """Connect to the hub, or to the server that the user is logged in to.

        Raises:
            TrackingError: It is away, or refuses the key.
        """
        self._name = name
        self._settings = settings
        self._of_hub = server is not None
        self._reader: SweepReader | None = SweepReader(server, name)

    def look(self) -> SweepSight:
        """The sweep now.

        Raises:
            NotTracked: There is no such sweep.
            TrackingError: The server is away or refuses.
            HubError: No hub runs.
        """
        if self._reader is None:
            self._reader = SweepReader(self._hub(), self._name)
        try:
            return self._reader.look(in_order)
        except NotTracked:
            raise
        except TrackingError:
            if self._of_hub:
                self._reader = None
            raise

    def _hub(self) -> Server:
        """The hub, where it is now; one that somebody stopped is not started again behind their back."""
        server = find_hub(self._settings)
        if server is None:
            raise HubUnreachable(f"no hub runs for {self._settings.home}")
        return server


def watch(lookout: Lookout, view: View, *, every_seconds: float) -> None:
    """Show a sweep until it is over or somebody leaves.

    Raises:
        NotTracked: There is no such sweep, or not any more.
        TrackingError: The server is away at the beginning.
    """
    clock = SystemClock()
    sight = lookout.look()
    with Keyboard() as keyboard, view:
        view.show(sight)
        pause_seconds = every_seconds
        while not _is_over(sight.sweep) and not keyboard.pressed("q", within_seconds=pause_seconds):
            began = clock.monotonic_seconds()
            try:
                sight = lookout.look()
            except NotTracked:
                raise
            except (TrackingError, HubError) as error:
                view.show_away(str(error))
            else:
                view.show(sight)
            # A sweep that takes long to read is not read all the time.
            pause_seconds = max(every_seconds, clock.monotonic_seconds() - began)


def _is_over(sweep: SweepRecord) -> bool:
    return sweep.is_over and not any(RunState(run.state).is_live for run in sweep.runs)
