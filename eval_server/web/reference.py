"""`docs/api.md` from the description of the API: ``python -m eval_server.web.reference > docs/api.md``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eval_server.service.settings import Settings
from eval_server.web.app import create

Schema = Mapping[str, Any]
HEAD = """\
# The JSON interface of the evaluation server

Made by `python -m eval_server.web.reference > docs/api.md` from the models that write the answers; a test
holds the two to each other. A running server says the same at `/docs` for people and at `/openapi.json` for
programs.

Send a token as `Authorization: Bearer TOKEN`; on a server that is open to its own machine none is needed. A
field marked **stable** keeps its name and meaning in every release with the same first number; others may
change with any release, and further fields may come. Where an answer is about a result, others than the
host read its numbers rounded to three digits, but for those marked *in full* and the metrics that follow
from the confusion matrix; a p is rounded up. Every refusal is a [ProblemDocument](#problemdocument).
"""


def text() -> str:
    """The whole page."""
    spec = create(Settings(data_dir=Path())).openapi()
    lines = [HEAD, "## Operations", ""]
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            lines += _operation(spec, method.upper(), path, operation)
    lines += ["## Documents", ""]
    for name, schema in spec["components"]["schemas"].items():
        if not name.startswith("Body_"):
            lines += _document(name, schema)
    return "\n".join(lines).rstrip() + "\n"


def _operation(spec: Schema, method: str, path: str, operation: Schema) -> list[str]:
    lines = [f"### {method} {path}", "", f"{operation['summary']}.", ""]
    parts = list(_parts(spec, operation))
    lines += [*(f"- `{name}`: {said}" for name, said in parts), ""] if parts else []
    lines += [
        f"Answers {status} with {_content(one)}." if "content" in one else f"Answers {status}."
        for status, one in operation["responses"].items()
        if status != "default"
    ]
    return [*lines, ""]


def _parts(spec: Schema, operation: Schema) -> Iterator[tuple[str, str]]:
    """What an operation takes: its parameters, and the fields of its body."""
    for one in operation.get("parameters", ()):
        yield one["name"], f"in the {one['in']}, {_kind(one['schema'])}{_needed(one.get('required', False))}"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = _followed(spec, content["schema"])
        required = schema.get("required", ())
        for name, part in schema["properties"].items():
            yield name, f"in the body (`{media}`), {_kind(part)}{_needed(name in required)}"


def _followed(spec: Schema, schema: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = spec["components"]["schemas"][_name(schema)]
    return found


def _needed(required: bool) -> str:
    return "" if required else ", optional"


def _content(response: Schema) -> str:
    (media, content), *_ = response["content"].items()
    return (
        _kind(content["schema"]) if media == "application/json" else f"`{media}`: {response['description']}"
    )


def _document(name: str, schema: Schema) -> list[str]:
    required = schema.get("required", ())
    rows = [_row(field, part, required=field in required) for field, part in schema["properties"].items()]
    more = schema.get("additionalProperties")
    rows += [f"| *any other* | {_kind(more)} |  |  |"] if isinstance(more, dict) else []
    head = ["| field | kind | promised | what it says |", "| --- | --- | --- | --- |"]
    return [f"### {name}", "", schema.get("description", "").replace("\n", " "), "", *head, *rows, ""]


def _row(field: str, part: Schema, *, required: bool) -> str:
    promised = [word for word, told in (("**stable**", "x-stable"), ("*in full*", "x-told")) if told in part]
    kind = _kind(part) + ("" if required else ", may be absent")
    return f"| `{field}` | {kind} | {', '.join(promised)} | {part.get('description', '')} |"


def _kind(schema: Schema) -> str:
    """What a value is, in a word or two; documents lead to where they stand."""
    if "$ref" in schema:
        return f"[{_name(schema)}](#{_name(schema).lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{one}`" for one in schema["enum"] if one)
    if schema.get("type") == "array":
        items = schema.get("prefixItems")
        return f"list of {_kind(schema['items'])}" if items is None else f"[{', '.join(map(_kind, items))}]"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_kind(schema['additionalProperties'])}"
    if schema.get("format") == "binary" or "contentMediaType" in schema:
        return "file"
    kind = str(schema.get("type", "anything"))
    return {"string": "text", "boolean": "true or false"}.get(kind, kind)


def _name(schema: Schema) -> str:
    return str(schema["$ref"]).rsplit("/", 1)[-1]


if __name__ == "__main__":
    print(text(), end="")
