"""Members of a union are told apart by a word that each carries. Our code need not give it, but in JSON it must stand there."""

from __future__ import annotations

from typing import Any

_WORDS = ("type", "kind")


def require_word(schema: dict[str, Any]) -> None:
    """For `json_schema_extra` of the members."""
    for word in _WORDS:
        described = schema.get("properties", {}).get(word, {})
        if "const" in described:
            described.pop("default", None)
            schema["required"] = [word, *schema.get("required", [])]
