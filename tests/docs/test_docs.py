"""The docs say what is the case: links lead somewhere, targets and commands exist, dependencies have reasons."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")] if page.is_file()
)


def project() -> dict[str, object]:
    loaded: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return loaded


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")))
    assert named <= targets


def test_every_direct_dependency_has_its_reason() -> None:
    metadata = project()
    required = list(metadata["dependencies"])  # type: ignore[call-overload]
    for extra in metadata["optional-dependencies"].values():  # type: ignore[attr-defined]
        required += extra
    names = {re.split(r"[\[<>=;! ]", requirement)[0].lower() for requirement in required}
    reasons = dict(
        re.findall(r"^\| `([a-z0-9-]+)` \| [^|]*\| (.+) \|$", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    )
    assert names == set(reasons)


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda lock: lock.name)
def test_the_locks_name_no_host(lock: Path) -> None:
    assert "://" not in lock.read_text(encoding="utf-8")


def test_the_readme_names_only_commands_that_exist() -> None:
    from sweepyard.cli import commands

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|\$ |\()sweepyard ([a-z]+)", text, re.MULTILINE))
    assert named <= set(commands())


def test_no_tracked_file_names_a_path_of_one_machine() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    offenders = []
    for name in filter(None, tracked.split("\0")):
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yaml", ".toml", ".sh", ".html", ".css", ".js", ".graphql", ".txt", ".ipynb"}:
            text = path.read_text(encoding="utf-8")
            if re.search(r"(?<![\w.])/(?:home|root|Users)/\w", text):
                offenders.append(name)
    assert not offenders
