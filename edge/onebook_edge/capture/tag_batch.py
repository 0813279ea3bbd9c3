"""RFID tags seen together -> lines of goods, and what else they were."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from decimal import Decimal

from onebook_edge.capture.catalogue import Catalogue, Tracking, TradeItem
from onebook_edge.capture.epc import Epc, decode
from onebook_edge.capture.sheet import Line, SerialKey
from onebook_schemas.stock_events import CaptureSource


@dataclass(frozen=True, slots=True)
class SortedTags:
    """Tags by what they say. Only a SGTIN names goods; a tag without one is some other thing and is merely counted."""

    lines: tuple[Line, ...]
    repeated: int
    others: int
    unknown: tuple[str, ...]  # The EPC of one tag for each GTIN that is not in the catalogue.

    @property
    def added(self) -> int:
        return sum(len(line.serials) for line in self.lines)


def sort_tags(epcs: Iterable[str], catalogue: Catalogue, known: Set[SerialKey]) -> SortedTags:
    """Make lines of the tags that are not `known` on the sheet yet; each serial counts once."""
    lines: dict[SerialKey, Line] = {}
    unknown: dict[str, str] = {}
    repeated = others = 0
    for epc in map(decode, dict.fromkeys(epcs)):
        found = catalogue.by_gtin(epc.gtin14) if epc.gtin14 else None
        line = _line(epc, found) if found else None
        if line is None and epc.gtin14 and found is None:
            unknown.setdefault(epc.gtin14, epc.hex)
        elif line is None:
            others += 1
        elif known.isdisjoint(line.serial_keys) and lines.keys().isdisjoint(line.serial_keys):
            lines |= dict.fromkeys(line.serial_keys, line)
        else:
            repeated += 1
    return SortedTags(_merged(lines.values()), repeated, others, tuple(unknown.values()))


def _line(epc: Epc, found: TradeItem) -> Line | None:
    """One tagged unit; None for a carton of goods that are kept by serial: its tag names no piece."""
    if epc.serial is None or (found.item.tracking is Tracking.SERIAL and found.unit.factor != 1):
        return None
    return Line(
        item=found.item.code,
        count=Decimal(1),
        factor=found.unit.factor,
        unit=found.item.base_unit,
        source=CaptureSource.RFID,
        serials=(epc.serial,),
        scanned=epc.tag_uri,
    )


def _merged(lines: Iterable[Line]) -> tuple[Line, ...]:
    merged: dict[tuple[str, int], list[Line]] = {}
    for line in lines:
        merged.setdefault((line.item, line.factor), []).append(line)
    return tuple(
        replace(same[0], count=Decimal(len(same)), serials=tuple(line.serials[0] for line in same))
        for same in merged.values()
    )
