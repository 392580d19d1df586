"""How a bundle's documents are written: YAML with every text in quotes, and pages as HTML for CodaLab."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any


def as_yaml(document: Mapping[str, Any], indent: str = "") -> str:
    """The document in block style. Texts stand in quotes, so that no date or number is read out of them."""
    return "".join(f"{indent}{key}:{_value(value, indent)}" for key, value in document.items())


def _value(value: Any, indent: str) -> str:
    if isinstance(value, Mapping):
        return "\n" + as_yaml(value, indent + "  ") if value else " {}\n"
    if isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
        return "\n" + "".join(_item(one, indent) for one in value)
    return f" {_plain(value)}\n"


def _item(value: Mapping[str, Any], indent: str) -> str:
    inner = indent + "    "
    return f"{indent}  - " + as_yaml(value, inner).removeprefix(inner)


def _plain(value: str | bool | int | Sequence[Any]) -> str:
    if isinstance(value, str):
        return f'"{"".join(map(_escaped, value))}"'
    if isinstance(value, bool | int):
        return json.dumps(value)
    return f"[{', '.join(map(_plain, value))}]"


def _escaped(letter: str) -> str:
    """A letter between double quotes: as JSON has it, but beyond 16 bits, where YAML has another form."""
    return json.dumps(letter)[1:-1] if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def as_html(markdown: str) -> str:
    """The few forms of Markdown that our pages use (headings, lists, code, paragraphs) as HTML."""
    blocks = [block for block in re.split(r"\n\s*\n", markdown.strip()) if block.strip()]
    return "\n".join(map(_block, blocks)) + "\n"


def _block(block: str) -> str:
    if block.startswith("```"):
        return f"<pre>{html.escape(block.strip('`').strip())}</pre>"
    if heading := re.fullmatch(r"(#{1,3}) (.*)", block):
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2])}</h{level}>"
    if block.startswith("- "):
        items = re.split(r"(?:^|\n)- ", block)[1:]
        return f"<ul>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</ul>"
    return f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))
