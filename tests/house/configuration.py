"""docs/configuration.md from the settings models: every key with its type, default and meaning."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from onebook_collector.settings import CollectorSettings
from onebook_edge.catalog import DRIVERS
from onebook_edge.settings import EdgeSettings
from tests.house.headings import anchor

_INTRODUCTION = """# Configuration

Generated from the settings models by `make docs`; do not edit. Each program reads one TOML file. Unknown keys are refused, and
`check-config` names every problem at once with its fix:

```
onebook edge check-config --config /etc/onebook/edge.toml
onebook collector check-config --config /etc/onebook/collector.toml
```

Complete examples: [edge.sample.toml](../deploy/edge/edge.sample.toml),
[collector.sample.toml](../deploy/collector/collector.sample.toml).
A decimal may be written as text (`"0.05"`), which keeps its digits. Units stand at the end of a key: `_ms`, `_s`, `_mib`,
`_days`.
`NAME` in the name of a table is a device, work place or quantity of yours.
"""
_WORDS = {str: "text", int: "integer", float: "number", bool: "true or false", Decimal: "decimal", Path: "path"}
_BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}


def configuration_document() -> str:
    parts = [_INTRODUCTION]
    parts += _program("Edge", "/etc/onebook/edge.toml", EdgeSettings)
    parts += [
        "## Drivers\n\nThe `settings` of a device, by its `driver`; the README of each says how to wire it and set it up.\n"
    ]
    for name, entry in DRIVERS.items():
        readme = f"../edge/onebook_edge/drivers/{name}/README.md"
        places = f"`[[{'devices' if entry.kind == 'bytes' else 'buses.devices'}]]`"
        parts += [
            f"### Driver {name}\n\nFor {places}. [README]({readme})\n",
            *_tables(f"Driver {name}", entry.settings),
        ]
    parts += _program("Collector", "/etc/onebook/collector.toml", CollectorSettings)
    return "\n".join(parts)


class _Place(NamedTuple):
    """Where a table stands in the file: `[path]`, `[[path]]`, or the top for an empty path."""

    path: str
    is_list: bool = False

    def __str__(self) -> str:
        return f"`[[{self.path}]]`" if self.is_list else f"`[{self.path}]`"


@dataclass(slots=True)
class _Table:
    model: type[BaseModel]
    places: list[_Place] = field(default_factory=list)


def _program(name: str, path: str, model: type[BaseModel]) -> list[str]:
    return [f"## {name}\n\n`{path}`\n", *_tables(name, model)]


def _tables(owner: str, root: type[BaseModel]) -> list[str]:
    found: dict[type[BaseModel], _Table] = {}
    for place, model in _walk(root, _Place("")):
        table = found.setdefault(model, _Table(model))
        table.places += [place] if place not in table.places else []
    headings = {model: _heading(owner, table) for model, table in found.items()}
    return [_section(table, headings, is_root=model is root) for model, table in found.items()]


def _walk(model: type[BaseModel], place: _Place) -> Iterator[tuple[_Place, type[BaseModel]]]:
    yield place, model
    for name, info in model.model_fields.items():
        for suffix, is_list, inner in _models_in(info.annotation):
            path = f"{place.path}.{name}{suffix}".removeprefix(".")
            yield from _walk(inner, _Place(path, is_list))


def _models_in(annotation: Any) -> Iterator[tuple[str, bool, type[BaseModel]]]:
    """The tables that a field may hold: what their names end with, whether they are a list, and their model."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", False, annotation
    elif origin is Annotated:
        yield from _models_in(inner[0])
    elif origin in (Union, types.UnionType):
        for one in inner:
            yield from _models_in(one)
    elif origin is tuple:
        yield from (("", True, model) for _, _, model in _models_in(inner[0]))
    elif origin is dict:
        yield from ((".NAME", False, model) for _, _, model in _models_in(inner[1]))


def _heading(owner: str, table: _Table) -> str:
    """`Edge: [devices.link], kind = "serial"`: a table that is one of several kinds names its kind."""
    return ", ".join([f"{owner}: {table.places[0]}", *(f'`{key} = "{kind}"`' for key, kind in _kinds(table.model))])


def _kinds(model: type[BaseModel]) -> list[tuple[str, str]]:
    """The key and the value that tell this table from the other kinds; nothing for a table that is alone."""
    literals = ((name, get_args(info.annotation)) for name, info in model.model_fields.items() if _is_literal(info))
    return [(name, values[0]) for name, values in literals if len(values) == 1]


def _is_literal(info: FieldInfo) -> bool:
    return get_origin(info.annotation) is Literal


def _section(table: _Table, headings: Mapping[type[BaseModel], str], *, is_root: bool) -> str:
    lines = [] if is_root else [f"### {headings[table.model]}", ""]
    if table.model.__doc__ and not is_root:
        lines += [" ".join(table.model.__doc__.split()), ""]
    if len(table.places) > 1:
        lines += [f"Also {', '.join(str(place) for place in table.places[1:])}.", ""]
    if table.model.model_fields:
        lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
        lines += [_row(name, info, headings) for name, info in table.model.model_fields.items()]
    return "\n".join([*lines, ""])


def _row(name: str, info: FieldInfo, headings: Mapping[type[BaseModel], str]) -> str:
    inner = [model for _, _, model in _models_in(info.annotation)]
    if inner:
        kind = ", ".join(_link(model, headings[model]) for model in dict.fromkeys(inner))
        meaning = info.description or " ".join((inner[0].__doc__ or "").split())
    else:
        kind = ", ".join([_type_in_words(info.annotation), *_bounds(info)])
        meaning = info.description or ""
    return f"| `{name}` | {kind} | {_default(info, has_tables=bool(inner))} | {meaning} |"


def _link(model: type[BaseModel], heading: str) -> str:
    kinds = [kind for _, kind in _kinds(model)]
    return f"[{kinds[0] if kinds else 'table'}](#{anchor(heading)})"


def _type_in_words(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(_toml(one) for one in inner)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return ", ".join(_toml(one.value) for one in annotation)
    if origin in (Union, types.UnionType):
        return " or ".join(_type_in_words(one) for one in inner if one is not type(None))
    if origin in (tuple, frozenset):
        return f"list of {_type_in_words(inner[0])}"
    if origin is dict:
        return "table"
    if origin is Annotated:
        return _type_in_words(inner[0])
    return _WORDS[annotation]


def _bounds(info: FieldInfo) -> list[str]:
    found = []
    for constraint in info.metadata:
        for name, word in _BOUNDS.items():
            if (limit := getattr(constraint, name, None)) is not None:
                found.append(f"{word} {limit}")
        if pattern := getattr(constraint, "pattern", None):
            found.append(f"`{pattern}`".replace("|", "\\|"))
    return found


def _default(info: FieldInfo, *, has_tables: bool) -> str:
    if info.is_required():
        return "required"
    value = info.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, BaseModel) or (has_tables and not value):
        return ""
    return _toml(value)


def _toml(value: Any) -> str:
    return f"`{_plain(value)}`".replace("|", "\\|")


def _plain(value: Any) -> str:
    """A value as one writes it in TOML; a table with what differs from its defaults."""
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in value.model_dump(exclude_defaults=True)}
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return "{" + ", ".join(f"{key} = {_plain(one)}" for key, one in value.items()) + "}"
        case tuple() | frozenset():
            return "[" + ", ".join(_plain(one) for one in value) + "]"
        case str() | Path():
            return '"' + str(value).encode("unicode_escape").decode() + '"'
        case _:
            return str(value)
