"""Prometheus text exposition, version 0.0.4: numbers for whoever watches the collector. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"^[a-zA-Z_][a-zA-Z0-9_]*$")


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name with the unit last, one sentence, and a value for each set of labels."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    values: Mapping[tuple[tuple[str, str], ...], float]


def family(
    name: str, kind: Literal["counter", "gauge"], help: str, values: Mapping[str, float] | float, label: str = ""
) -> Family:
    """A metric with one label, or with none where `values` is a single number."""
    if isinstance(values, Mapping):
        return Family(name, kind, help, {((label, str(value)),): number for value, number in values.items()})
    return Family(name, kind, help, {(): values})


def exposition(families: Iterable[Family]) -> str:
    return "".join(line + "\n" for each in families for line in _lines(each))


def _lines(family: Family) -> Iterable[str]:
    assert _NAME.match(family.name)
    yield f"# HELP {family.name} {_escaped(family.help)}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in sorted(family.values.items()):
        yield f"{family.name}{_labels(labels)} {value:.17g}"


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    assert all(_NAME.match(name) for name, _ in labels)
    return "{" + ",".join(f'{name}="{_escaped(value, quoted=True)}"' for name, value in labels) + "}"


def _escaped(text: str, *, quoted: bool = False) -> str:
    """Backslash and line feed always; the double quote only inside quotes."""
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quoted else text
