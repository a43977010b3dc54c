"""How deep a document may nest, found before anything costlier looks at it."""

from __future__ import annotations

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)


def depth_of(document: DocumentNode) -> int:
    """The greatest number of fields within fields; fragments count where they are spread, circles once."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    known: dict[str, int] = {}

    def of_fragment(name: str) -> int:
        if name not in known:
            known[name] = 0  # A circle ends here; validation refuses it later.
            known[name] = of_set(fragments[name].selection_set) if name in fragments else 0
        return known[name]

    def of_set(selections: SelectionSetNode | None) -> int:
        deepest = 0
        for node in selections.selections if selections else ():
            match node:
                case FieldNode():
                    depth = 1 + of_set(node.selection_set)
                case InlineFragmentNode():
                    depth = of_set(node.selection_set)
                case FragmentSpreadNode():
                    depth = of_fragment(node.name.value)
                case _:
                    depth = 0
            deepest = max(deepest, depth)
        return deepest

    return max((of_set(getattr(node, "selection_set", None)) for node in document.definitions), default=0)
