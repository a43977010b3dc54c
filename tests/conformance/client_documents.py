"""Takes the GraphQL documents out of the installed wandb client: its Python files and its Go binary."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

_BEGIN = re.compile(r"\s*(?:#graphql\s*)?(?:fragment|query|mutation)\b")
_BEGIN_IN_BINARY = re.compile(rb"(?:query|mutation) [A-Za-z]+ ?[({]")
_LONGEST = 40_000
# What the client's Python puts into its templates before it sends them.
_FILLED_IN = {"_PROJECT_QUERY_": "project { id name entity { id name } }"}


@dataclass(frozen=True)
class ClientDocument:
    """An operation of the client, with the fragments that it spreads."""

    name: str
    source: str
    document: DocumentNode


def client_documents() -> list[ClientDocument]:
    """Every operation in the wheel, by name; equal ones once."""
    spec = importlib.util.find_spec("wandb")
    assert spec is not None
    assert spec.origin is not None
    root = Path(spec.origin).parent
    parsed = [*_in_binary(root / "bin" / "wandb-core"), *_in_python(root)]
    fragments = {
        node.name.value: node
        for _, document in parsed
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    found: dict[str, ClientDocument] = {}
    for source, document in parsed:
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        if operations and operations[0].name is not None:
            whole = _with_fragments(document, fragments)
            found.setdefault(print_ast(whole), ClientDocument(operations[0].name.value, source, whole))
    return sorted(found.values(), key=lambda item: (item.name, item.source))


def by_name(documents: list[ClientDocument]) -> dict[str, list[ClientDocument]]:
    """The documents, gathered by the operation's name."""
    gathered: dict[str, list[ClientDocument]] = defaultdict(list)
    for document in documents:
        gathered[document.name].append(document)
    return gathered


def _in_binary(path: Path) -> Iterator[tuple[str, DocumentNode]]:
    raw = path.read_bytes()
    for match in _BEGIN_IN_BINARY.finditer(raw):
        document = _parsed(_balanced(raw, match.start()))
        if document is not None:
            yield path.name, document


def _balanced(raw: bytes, begin: int) -> str:
    """The text from `begin` to the brace that closes it, fragments behind it included."""
    depth, opened, end = 0, False, begin
    while end < min(len(raw), begin + _LONGEST):
        byte = raw[end]
        if byte == ord("{"):
            depth, opened = depth + 1, True
        elif byte == ord("}"):
            depth -= 1
            if opened and depth == 0 and not re.match(rb"\s*fragment ", raw[end + 1 : end + 40]):
                break
        elif byte == 0 or byte >= 0x80:
            break
        end += 1
    return raw[begin : end + 1].decode("latin-1")


def _in_python(root: Path) -> Iterator[tuple[str, DocumentNode]]:
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace")
        if "query" not in text and "mutation" not in text:
            continue
        tree = ast.parse(text)
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            literal = _literal(node) if id(node) not in inner else None
            document = _parsed(literal) if literal and _BEGIN.match(literal) else None
            if document is not None:
                yield str(path.relative_to(root)), document


def _literal(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_piece(part) for part in node.values)
    return None


def _piece(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    named = isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name)
    return "RunFragment" if named and part.value.id == "fragment_name" else ""  # type: ignore[attr-defined]


def _parsed(text: str) -> DocumentNode | None:
    for key, value in _FILLED_IN.items():
        text = text.replace(key, value)
    # Templates for str.format double their braces and leave {} where a fragment or an option goes.
    for candidate in (text, text.replace("{}", "").replace("{{", "{").replace("}}", "}")):
        try:
            return parse(candidate)
        except GraphQLError:
            continue
    return None


def _with_fragments(document: DocumentNode, fragments: dict[str, FragmentDefinitionNode]) -> DocumentNode:
    """The document and every fragment that it spreads, however deep, and does not define itself."""
    definitions = list(document.definitions)
    defined = {node.name.value for node in definitions if isinstance(node, FragmentDefinitionNode)}
    waiting = _spreads(document)
    while missing := (waiting - defined) & set(fragments):
        for name in sorted(missing):
            definitions.append(fragments[name])
            defined.add(name)
            waiting |= _spreads(fragments[name])
    return DocumentNode(definitions=tuple(definitions))


def _spreads(node: DocumentNode | FragmentDefinitionNode) -> set[str]:
    names: set[str] = set()

    class Collect(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            names.add(spread.name.value)

    visit(node, Collect())
    return names
