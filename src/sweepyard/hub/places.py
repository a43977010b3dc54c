"""Where a hub keeps its state below its home, and the address at which it answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from sweepyard import files

HubMode = Literal["embedded", "served"]


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where a running hub answers.

    Attributes:
        url: Its base URL, without a slash at the end.
        pid: Its process.
        mode: `served` by `sweepyard hub serve`, or `embedded`: it ends with its last user.
    """

    url: str
    pid: int
    mode: HubMode


@dataclass(frozen=True, slots=True)
class HubPlaces:
    """The files of a home.

    Three locks say everything: who holds `hub_lock` is the hub; who holds `users_lock` shared uses it; who
    holds `start_lock` may look for a hub and start one. The kernel lets go of a lock when its holder dies.
    """

    home: Path

    @property
    def hub_lock(self) -> Path:
        return self.home / "hub.lock"

    @property
    def users_lock(self) -> Path:
        return self.home / "users.lock"

    @property
    def start_lock(self) -> Path:
        return self.home / "start.lock"

    @property
    def archive_lock(self) -> Path:
        """Held shared by who reads all of it, for a backup or an export, and alone by who removes or replaces."""
        return self.home / "archive.lock"

    @property
    def address_file(self) -> Path:
        return self.home / "hub.json"

    @property
    def client_file(self) -> Path:
        return self.home / "client.json"

    @property
    def log_file(self) -> Path:
        return self.home / "hub.log"

    @property
    def holders(self) -> Path:
        return self.home / "holders"

    def make_home(self) -> None:
        """Make the home unless it is there.

        Raises:
            InvalidInput: It cannot be made, or not be written.
        """
        files.make_folder(self.home, "SWEEPYARD_HOME", mode=0o700)

    def read_address(self) -> HubAddress | None:
        """The address as last written; None when no hub has written one."""
        try:
            fields = json.loads(self.address_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return HubAddress(url=str(fields["url"]), pid=int(fields["pid"]), mode=fields["mode"])

    def write_address(self, address: HubAddress) -> None:
        """Tell clients where the hub answers."""
        files.write_atomically(self.address_file, json.dumps(asdict(address)).encode(), mode=0o600)
