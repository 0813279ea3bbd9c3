"""What is generated from the code, and where it stands. `make docs` writes it; a test finds drift."""

from __future__ import annotations

import json
import sys
from typing import Any

from onebook_collector.api.app import openapi_document
from onebook_schemas.documents import asyncapi_document, json_schemas
from tests.house.configuration import configuration_document
from tests.house.roles import roles_document
from tests.house.tree import ROOT


def generated_files() -> dict[str, str]:
    """Path below the project -> text."""
    files = {f"schemas/json/{name}.json": _json(schema) for name, schema in json_schemas().items()}
    files["schemas/asyncapi.json"] = _json(asyncapi_document())
    files["docs/openapi.json"] = _json(openapi_document())
    files["docs/roles.md"] = roles_document()
    files["docs/configuration.md"] = configuration_document()
    return files


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


if __name__ == "__main__":
    for path, text in generated_files().items():
        (ROOT / path).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path}\n")
