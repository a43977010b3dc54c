"""Markdown as HTML in which nothing can run: no markup of the writer's own, no picture of another host."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from sweepyard.hub.dashboard.urls import is_local

CHART = "chart"
"""What a fenced block is called that stands for charts."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_SCHEMES = frozenset({"http", "https"})
_SMALLEST_HEADING = 6


@dataclass(frozen=True, slots=True)
class Prose:
    """HTML that may stand in a page as it is."""

    html: str


@dataclass(frozen=True, slots=True)
class ChartText:
    """What stands in a block of charts.

    Attributes:
        line: Its first line's number in the note, from 1 on.
    """

    text: str
    line: int


def parts_of(note: str) -> tuple[Prose | ChartText, ...]:
    """A note, cut at its blocks of charts; those within a list or a quotation are code like any other."""
    parts: list[Prose | ChartText] = []
    prose: list[Token] = []
    for token in _markdown().parse(note):
        if token.type == "fence" and token.level == 0 and token.info.split()[:1] == [CHART] and token.map:
            parts += [_prose(prose), ChartText(token.content, token.map[0] + 2)]
            prose = []
        else:
            prose.append(token)
    return tuple(part for part in [*parts, _prose(prose)] if not isinstance(part, Prose) or part.html)


def _prose(tokens: Sequence[Token]) -> Prose:
    return Prose(_markdown().renderer.render(tokens, _markdown().options, {}))


@cache
def _markdown() -> _Markdown:
    markdown = _Markdown("commonmark", {"html": False}, renderer_cls=_Renderer)
    markdown.enable(["table", "strikethrough"])
    return markdown


class _Markdown(MarkdownIt):
    """Markdown whose links lead to pages, and do nothing else."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        scheme = _SCHEME.match(url)
        return scheme is None or scheme[1].lower() in _SCHEMES


class _Renderer(RendererHTML):
    """HTML as the pages want it: a note stands below the page's own heading, and styles are classes."""

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"<{_smaller(tokens[idx].tag)}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"</{_smaller(tokens[idx].tag)}>\n"

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        tokens[idx].attrSet("rel", "noopener noreferrer")
        return self.renderToken(tokens, idx, options, env)

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        source = str(token.attrGet("src") or "")
        words = escapeHtml(self.renderInlineAsText(token.children or [], options, env))
        if not is_local(source):  # a page asks no other host for anything
            return f'<a href="{escapeHtml(source)}" rel="noopener noreferrer">{words or escapeHtml(source)}</a>'
        return f'<img src="{escapeHtml(source)}" alt="{words}" loading="lazy">'

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[idx])

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[idx])


def _smaller(tag: str) -> str:
    return f"h{min(int(tag[1:]) + 1, _SMALLEST_HEADING)}"


def _cell(token: Token) -> str:
    side = str(token.attrGet("style") or "").rpartition(":")[2]
    return f'<{token.tag} class="{side}">' if side in {"center", "right"} else f"<{token.tag}>"
