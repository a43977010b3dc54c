"""Where the data folders `conf/` and `sweeps/` lie: in a checkout, in an installed wheel, in a container."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sweepyard.errors import ConfigInvalid, Violation

CONF_VARIABLE = "SWEEPYARD_CONF"
_PACKAGE = Path(__file__).resolve().parent.parent


def conf_folder(environ: Mapping[str, str] | None = None, *, package: Path = _PACKAGE) -> Path:
    """The folder of Hydra's config groups: `$SWEEPYARD_CONF`, else the wheel's own, else the checkout's.

    Raises:
        ConfigInvalid: None of these is a folder.
    """
    chosen = (os.environ if environ is None else environ).get(CONF_VARIABLE)
    if chosen:
        folder = Path(chosen).expanduser().absolute()
        if not folder.is_dir():
            raise ConfigInvalid(
                [
                    Violation(
                        f"{CONF_VARIABLE} must name a folder of config groups", str(folder), "Unset it or correct it"
                    )
                ]
            )
        return folder
    return _data_folder("conf", package)


def sweeps_folder(*, package: Path = _PACKAGE) -> Path:
    """The folder of the sweep files that come with Sweepyard.

    Raises:
        ConfigInvalid: Neither the wheel nor a checkout holds it.
    """
    return _data_folder("sweeps", package)


def _data_folder(name: str, package: Path) -> Path:
    candidates = (package / "_data" / name, package.parent.parent / name)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    looked = " and ".join(str(candidate) for candidate in candidates)
    raise ConfigInvalid(
        [Violation(f"the folder {name}/ must come with the package", f"nothing at {looked}", "Install Sweepyard again")]
    )
