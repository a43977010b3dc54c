from __future__ import annotations

import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from sweepyard.hub.wandb_api.inputs import Pruned, prune
from sweepyard.hub.wandb_api.limits import depth_of
from sweepyard.hub.wandb_api.names import snake_case

SCHEMA = build_schema("""
    input Inner { a: Int, list: [Inner!] }
    input Outer { inner: Inner!, b: Int }
    type Query { f(given: Outer, n: Int): Int }
""")


def operation(text: str) -> OperationDefinitionNode:
    node = parse(text).definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    return node


@pytest.mark.parametrize(
    ("wire", "ours"),
    [
        ("artifactManifestID", "artifact_manifest_id"),
        ("clientIDMapping", "client_id_mapping"),
        ("md5", "md5"),
        ("hexMD5", "hex_md5"),
        ("rampIDType", "ramp_id_type"),
        ("id", "id"),
        ("artifactTTLDurationSeconds", "artifact_ttl_duration_seconds"),
    ],
)
def test_names_of_the_wire_and_ours(wire: str, ours: str) -> None:
    assert snake_case(wire) == ours


def test_unknown_nulls_are_left_out_and_unknown_values_stay() -> None:
    query = operation("query Q($o: Outer!, $n: Int, $l: [Inner]) { f }")
    variables = {
        "o": {"inner": {"a": None, "x": None, "list": [{"a": 1, "y": None}, {"z": 2}]}, "b": 1, "w": None},
        "n": None,
        "l": [{"q": None}, None],
        "unused": {"x": None},
    }
    assert prune(SCHEMA, query, variables) == Pruned(
        {
            "o": {"inner": {"a": None, "list": [{"a": 1}, {"z": 2}]}, "b": 1},
            "n": None,
            "l": [{}, None],
            "unused": {"x": None},
        },
        ("$o.inner.list[1].z",),
    )
    assert variables["o"] == {
        "inner": {"a": None, "x": None, "list": [{"a": 1, "y": None}, {"z": 2}]},
        "b": 1,
        "w": None,
    }


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("{ a }", 1),
        ("{ a { b c { d } } e }", 3),
        ("{ a { ... on X { b } } }", 2),
        ("{ a { ...F } } fragment F on X { b { ...G } } fragment G on X { c }", 3),
        ("{ a { ...F } } fragment F on X { b { ...F } }", 2),
        ("{ ...Missing }", 0),
    ],
)
def test_depth_counts_fields_within_fields(text: str, depth: int) -> None:
    assert depth_of(parse(text)) == depth
