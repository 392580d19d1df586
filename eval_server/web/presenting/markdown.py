"""What a host writes about a phase, from Markdown to HTML that can do no harm."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

PICTURE = "picture"
"""How a text names the phase's own picture: `![what it shows](picture)`. There is no other."""
BELOW_TITLE, BELOW_HEADING = 1, 2
"""Levels by which headings are moved down: below the page's title, or below a heading of its own."""
_BELOW = "below"
_LINK = re.compile(r"(?:https?://[^/]|mailto:|#)", re.IGNORECASE)


def html_of(text: str, picture: str = "", below: int = BELOW_HEADING) -> Markup:
    """Markdown as HTML: no HTML of its own, links to the web and by mail alone, no picture but the phase's.

    `picture` is where that is served; without one its place holds its description. Its headings stand `below`
    what the page has above them.
    """
    return Markup(_MARKDOWN.render(text, {PICTURE: picture, _BELOW: below}))


class _Careful(MarkdownIt):
    """Leaves every address as text that is neither of the web, nor of a mailbox, nor within the page."""

    def validateLink(self, url: str) -> bool:
        return url == PICTURE or _LINK.match(url) is not None


def _link(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    tokens[at].attrSet("rel", "nofollow noopener noreferrer")
    return renderer.renderToken(tokens, at, options, env)


def _image(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    token, address = tokens[at], env[PICTURE]
    if token.attrGet("src") != PICTURE or not address:
        return str(Markup.escape(token.content))
    token.attrSet("src", address)
    token.attrSet("loading", "lazy")
    return renderer.image(tokens, at, options, env)


def _heading(renderer: RendererHTML, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    tokens[at].tag = f"h{min(int(tokens[at].tag[1]) + env[_BELOW], 6)}"
    return renderer.renderToken(tokens, at, options, env)


def _renderer() -> MarkdownIt:
    found = _Careful("commonmark", {"html": False}).enable("table")
    for name, rule in {"link_open": _link, "image": _image}.items():
        found.add_render_rule(name, rule)
    for name in ("heading_open", "heading_close"):
        found.add_render_rule(name, _heading)
    return found


_MARKDOWN = _renderer()
