"""How one movement reads on the page: what, how much, from where to where, by whose hand. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from onebook_collector.api.goods import CountOut, ItemOut, LineOut, MovementOut, Name, PlaceOut
from onebook_collector.api.values import plain
from onebook_collector.clock import business_day
from onebook_collector.dashboard.moments import clock_time, day_and_time
from onebook_collector.dashboard.texts import Language, Texts
from onebook_collector.ledger.cursor import TimeQuality

RECORDED_LATE_MS = 30 * 60_000  # A line captured by a device is with us within half an hour (domain evidence e3).

_TONES = {
    **dict.fromkeys(("receipt", "donation", "opening", "transfer_in", "recovery", "rotation_in"), "in"),
    **dict.fromkeys(("issue", "loan", "transfer_out", "rotation_out", "disposal"), "out"),
    **dict.fromkeys(("bin_move", "status_change"), "move"),
    "stocktake": "count",
}


@dataclass(frozen=True, slots=True)
class MovementLine:
    """All of it text, as it is shown. `tone` and `source` choose colour and icon."""

    key: str
    tone: str
    kind: str
    item: str
    quantity: str
    more: str
    time: str
    origin: str
    target: str
    site: str
    source: str
    source_word: str
    person: str
    document: str
    lot: str
    late: str


def movement_line(movement: MovementOut, sites: Mapping[str, Name], texts: Texts, now_ms: int) -> MovementLine:
    source = movement.source or ("mixed" if movement.kind in _TONES else "adjustment")
    if movement.count is not None:
        item, quantity, origin, target, more = _count(movement.count, texts)
    else:
        item, quantity, origin, target, more = _first_line(movement, texts)
    site = sites.get(movement.site_id or "")
    return MovementLine(
        key=str(movement.ledger_seq),
        tone=_TONES.get(movement.kind, "check"),
        kind=texts.of_code("kind", movement.kind),
        item=item,
        quantity=quantity,
        more=more,
        time=_time(movement.event_time, now_ms),
        origin=origin,
        target=target,
        site=texts.choose(site.zh, site.en) if site else movement.site_id or "",
        source=source,
        source_word=texts.of_code("source", source),
        person=texts("person_gate") if movement.actor == "gate" else movement.actor,
        document=movement.document.number if movement.document else "",
        lot=_lot(movement, texts),
        late=_doubts_about_time(movement, texts),
    )


def spoken(quantity: Decimal, item: ItemOut, texts: Texts) -> str:
    """1,200 顶; 12.5 kg."""
    whole, point, fraction = plain(quantity).partition(".")
    digits = f"{int(whole):,}" if whole.lstrip("-").isdigit() else whole
    sign = "-" if whole == "-0" else ""
    unit = item.unit_zh if texts.language is Language.ZH else texts.of_code("unit", item.unit)
    return f"{sign}{digits}{point}{fraction} {unit}"


def place_word(place: PlaceOut, texts: Texts) -> str:
    """The bin, with its status if that is not the usual one; or the outside world in a word."""
    if place.kind == "real":
        bin_code = place.bin or ""
        status = place.status or "available"
        return bin_code if status == "available" else f"{bin_code} {texts.of_code('status', status)}"
    if place.kind == "in_transit" and place.document_no:
        return texts("place_in_transit_document", document=place.document_no)
    return texts.of_code("place", place.kind)


def _first_line(movement: MovementOut, texts: Texts) -> tuple[str, str, str, str, str]:
    """The first line speaks for the movement; how many more there are is said. An entry without goods gives its reason."""
    if not movement.lines:
        return movement.reason or "", "", "", "", ""
    line = movement.lines[0]
    giving, taking = _main_places(line)
    quantity = sum((leg.quantity for leg in line.legs if leg.quantity > 0 and leg.place == taking), Decimal(0))
    more = texts("movement_more_lines", count=len(movement.lines) - 1) if len(movement.lines) > 1 else ""
    name = texts.choose(line.item.name.zh, line.item.name.en)
    return name, spoken(quantity, line.item, texts), place_word(giving, texts), place_word(taking, texts), more


def _main_places(line: LineOut) -> tuple[PlaceOut, PlaceOut]:
    """Who gave most and who took most in the end; places that goods only passed through do not count."""
    nets: dict[str, Decimal] = {}
    places: dict[str, PlaceOut] = {}
    for leg in line.legs:
        key = leg.place.model_dump_json()
        places[key] = leg.place
        nets[key] = nets.get(key, Decimal(0)) + leg.quantity
    return places[min(nets, key=lambda key: nets[key])], places[max(nets, key=lambda key: nets[key])]


def _count(count: CountOut, texts: Texts) -> tuple[str, str, str, str, str]:
    if count.difference == 0:
        verdict = texts("count_agrees")
    else:
        name = "count_gain" if count.difference > 0 else "count_loss"
        verdict = texts(name, quantity=spoken(abs(count.difference), count.item, texts))
    item = texts.choose(count.item.name.zh, count.item.name.en)
    return item, spoken(count.counted, count.item, texts), place_word(count.place, texts), verdict, ""


def _lot(movement: MovementOut, texts: Texts) -> str:
    lots = {leg.lot for line in movement.lines[:1] for leg in line.legs if leg.lot}
    serials = {serial for line in movement.lines[:1] for leg in line.legs for serial in leg.serials}
    said = [texts("movement_lot", lot=", ".join(sorted(lots)))] if lots else []
    if serials:
        said.append(texts("movement_serials", count=len(serials)))
    return " · ".join(said)


def _time(at_ms: int, now_ms: int) -> str:
    return clock_time(at_ms) if business_day(at_ms) == business_day(now_ms) else day_and_time(at_ms)


def _doubts_about_time(movement: MovementOut, texts: Texts) -> str:
    if movement.time_quality is not TimeQuality.SYNCED:
        return texts(f"movement_time_{movement.time_quality}")
    if movement.recorded_at - movement.event_time > RECORDED_LATE_MS:
        return texts("movement_recorded_late", time=_time(movement.recorded_at, movement.event_time))
    return ""
