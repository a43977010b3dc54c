"""How every command's help looks."""

from __future__ import annotations

from typing import Any

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def examples(*lines: str) -> str:
    """An epilog with one example a line."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
