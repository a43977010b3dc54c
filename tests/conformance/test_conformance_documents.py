"""Every GraphQL document in the installed client validates against the hub's schema, or is listed with a reason."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from graphql import build_schema, validate

from sweepyard.hub.wandb_api import schema

FOLDER = Path(__file__).parent


@pytest.fixture(scope="module")
def extraction() -> ModuleType:
    """The module beside this file that takes the documents out of the client."""
    spec = importlib.util.spec_from_file_location("client_documents", FOLDER / "client_documents.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def listed(name: str) -> dict[str, str]:
    """Name and reason of each line of a committed list."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("\t") for line in lines if line and not line.startswith("#")]
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name: reason for name, _, reason in pairs}


def test_each_operation_of_the_client_is_on_the_list_where_it_belongs(extraction: ModuleType) -> None:
    served, unserved = listed("documents-served.txt"), listed("documents-not-served.txt")
    sdl = build_schema(schema.sdl())
    documents = extraction.by_name(extraction.client_documents())
    valid = {
        name: [error.message for document in group for error in validate(sdl, document.document)]
        for name, group in documents.items()
    }
    broken = {name: errors for name, errors in valid.items() if errors and name in served}
    assert not broken, f"served before, and now refused: {broken}"
    assert not (set(served) - set(valid)), "served operations that the client no longer has"
    fresh = {name for name, errors in valid.items() if not errors} - set(served)
    assert not fresh, f"now served: move them to documents-served.txt: {sorted(fresh)}"
    silent = {name for name, errors in valid.items() if errors} - set(unserved)
    assert not silent, f"neither served nor listed with a reason: {sorted(silent)}"


def test_every_operation_that_is_not_served_has_its_reason() -> None:
    unserved = listed("documents-not-served.txt")
    assert unserved
    assert all(len(reason) > 20 for reason in unserved.values())
    assert not (set(unserved) & set(listed("documents-served.txt")))


def test_most_of_the_clients_operations_are_found(extraction: ModuleType) -> None:
    documents = extraction.client_documents()
    assert len(documents) > 140
    assert {"UpsertBucket", "Runs", "Heartbeat", "RunFiles", "CreateArtifact"} <= {item.name for item in documents}
