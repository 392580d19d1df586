"""The OpenAPI description: what FastAPI derives from routes and documents, with our own form of errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from eval_server.web.documents.problems import MEDIA_TYPE, ProblemDocument

_REFERENCE = "#/components/schemas/{model}"


class DescribedApi(FastAPI):
    """An application whose description says of every operation how it refuses.

    FastAPI describes its own answer to a request that does not fit; here `problems` answers it.
    """

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = _with_problems(super().openapi())
        return self.openapi_schema


def _with_problems(found: dict[str, Any]) -> dict[str, Any]:
    schemas = found["components"]["schemas"]
    problem = ProblemDocument.model_json_schema(ref_template=_REFERENCE, mode="serialization")
    schemas |= {**problem.pop("$defs"), ProblemDocument.__name__: problem}
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    reference = {"$ref": _REFERENCE.format(model=ProblemDocument.__name__)}
    refused = {"description": "Why not, and what to do", "content": {MEDIA_TYPE: {"schema": reference}}}
    for methods in found["paths"].values():
        for operation in methods.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = refused
    found["components"]["schemas"] = dict(sorted(schemas.items()))
    return found
