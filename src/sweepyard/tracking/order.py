"""What every tracker promises about order: steps only go up, and nothing comes after `finish`."""

from __future__ import annotations

from sweepyard.errors import TrackingError


class CallOrder:
    """Keeps one tracker's promises on the order of its calls."""

    def __init__(self, last_logged_step: int = -1) -> None:
        self.last_logged_step = last_logged_step
        self._last_accepted_step = last_logged_step
        self._finished = False

    def require_open(self) -> None:
        """Refuse a call that comes after `finish`.

        Raises:
            TrackingError: The run is finished already.
        """
        if self._finished:
            raise TrackingError("the run is finished: a tracker takes nothing more after finish")

    def accepts(self, step: int) -> bool:
        """Whether a row at `step` is to be written: False for one that the server holds already.

        Raises:
            TrackingError: The run is finished already, or steps do not increase.
        """
        self.require_open()
        if step <= self.last_logged_step:
            return False
        if step <= self._last_accepted_step:
            raise TrackingError(f"steps must increase; received {step} after {self._last_accepted_step}")
        self._last_accepted_step = step
        return True

    def close(self) -> None:
        """Note that `finish` was called.

        Raises:
            TrackingError: It was called before.
        """
        self.require_open()
        self._finished = True
