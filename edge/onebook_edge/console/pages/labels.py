"""Labels for bins, goods, pallets and people, and the command sheet. None of them is counted: a label is no document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from onebook_edge.capture.catalogue import Item, TradeUnit
from onebook_edge.capture.command_words import Words
from onebook_edge.console.desk import Desk
from onebook_edge.console.doors import texts_for
from onebook_edge.console.rendering import ICON, page
from onebook_edge.paper.command_sheet import command_sheet
from onebook_edge.paper.labels import LabelFace, PalletContent, badge, bin_label, item_lot_label, pallet_label
from onebook_edge.paper.pages import Press
from onebook_schemas.stock_events import Lot

LABELS_MAX: Final = 500
"""Of one print: a roll. What goes beyond is asked for by a longer beginning of its code."""
COPIES_MAX: Final = 100
HITS_MAX: Final = 20
NOTHING: Final = "没有可打印的标签：中心还没有下发，或条件不对 / nothing to print: not received yet, or none is so"
ROLES: Final[Mapping[str, Words]] = {
    "keeper": Words("保管员", "Keeper"),
    "warehouse_head": Words("库主任", "Warehouse head"),
    "inspector": Words("检查员", "Inspector"),
}


def routes(desk: Desk) -> Sequence[BaseRoute]:
    pages = LabelPages(desk)
    return [
        Route("/labels", pages.show),
        Route("/labels/commands", pages.commands),
        Route("/labels/bins", pages.bins),
        Route("/labels/badges", pages.badges),
        Route("/labels/goods", pages.goods),
        Route("/labels/pallet", pages.pallet),
    ]


class LabelPages:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        asked = request.query_params.get("q", "")[:40].strip()
        catalogue, library = self._desk.recorder.pipeline.catalogue, self._desk.library
        return page(
            request,
            self._desk,
            "labels.html",
            asked=asked,
            items=catalogue.find(asked, HITS_MAX) if asked else (),
            zones=library.site.zones if library.site else (),
            people=library.people.people if library.people else (),
        )

    async def commands(self, request: Request) -> Response:
        return HTMLResponse(
            self._press(request).command_sheet(command_sheet(site.reasons if (site := self._desk.library.site) else ()))
        )

    async def bins(self, request: Request) -> Response:
        """Those of a zone, or whose code begins so."""
        zone, begins = request.query_params.get("zone", ""), request.query_params.get("begins", "").strip()
        site = self._desk.library.site
        bins = [one for one in (site.bins if site else ()) if zone in ("", one.zone) and one.code.startswith(begins)]
        return self._labels(
            request, [bin_label(one.code, one.name_zh, one.zone or "") for one in bins[: LABELS_MAX + 1]]
        )

    async def badges(self, request: Request) -> Response:
        """All, or one person's."""
        wanted, library = request.query_params.get("badge", ""), self._desk.library
        people = [one for one in (library.people.people if library.people else ()) if wanted in ("", one.badge)]
        site = library.site.name_zh if library.site else self._desk.edge_id
        return self._labels(
            request, [badge(one.badge, one.name, ROLES[one.role], site) for one in people[: LABELS_MAX + 1]]
        )

    async def goods(self, request: Request) -> Response:
        try:
            item, unit, lot = self._goods_in(request.query_params)
            faces = [item_lot_label(item, unit, lot)] * _number(request.query_params, "copies", COPIES_MAX)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return self._labels(request, faces)

    async def pallet(self, request: Request) -> Response:
        asked = request.query_params
        try:
            contents = []
            if asked.get("item"):
                item, unit, lot = self._goods_in(asked)
                contents = [PalletContent(item, unit, _number(asked, "count", 99_999_999), lot)]
            face = pallet_label(_digits(asked.get("sscc", "")), contents)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        return self._labels(request, [face] * 2)  # On two sides, so that one of them faces the aisle.

    def _goods_in(self, asked: Mapping[str, str]) -> tuple[Item, TradeUnit, Lot | None]:
        """The item, its unit and lot. Raises ValueError with what to do."""
        code = asked.get("item", "").strip().upper()
        item = self._desk.recorder.pipeline.catalogue.by_code(code)
        if item is None:
            raise ValueError(f"目录中没有 {code[:20]}，请查物资编码 / no such item: look its code up")
        unit = next((one for one in item.units if str(one.factor) == asked.get("factor", "1")), item.units[0])
        number = asked.get("lot", "").strip()[:40]
        days = {name: _day(asked.get(name, "")) for name in ("produced_on", "expires_on")}
        return item, unit, Lot(number=number, **days) if number else None

    def _labels(self, request: Request, faces: Sequence[LabelFace]) -> Response:
        if not faces:
            raise HTTPException(404, NOTHING)
        if len(faces) > LABELS_MAX:
            raise HTTPException(
                400, f"一次最多打印 {LABELS_MAX} 张，请缩小范围 / at most {LABELS_MAX} labels at once: ask for fewer"
            )
        return HTMLResponse(self._press(request).labels(faces, on_a4="a4" in request.query_params))

    def _press(self, request: Request) -> Press:
        return Press("en" if texts_for(request).language == "en" else "zh", back="/labels", icon=ICON)


def _number(asked: Mapping[str, str], name: str, most: int) -> int:
    text = asked.get(name) or "1"
    if not (text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most):
        raise ValueError(f"数量应为 1 到 {most} / {name}: a number from 1 to {most}")
    return int(text)


def _digits(text: str) -> str:
    """A pallet's number as it is typed or scanned, with or without its (00)."""
    digits = "".join(character for character in text if character.isdecimal())
    return digits[2:] if len(digits) == 20 and digits.startswith("00") else digits


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ValueError(f"没有这一天 {text[:10]!r} / there is no such day") from error
