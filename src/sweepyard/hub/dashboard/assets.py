"""The dashboard's static files."""

from __future__ import annotations

from pathlib import Path

from sweepyard.web.assets import Assets

ASSETS = Assets(Path(__file__).parent / "static")
