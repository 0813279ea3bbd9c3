"""What the value on a printed label means; None when a label was printed or read wrongly."""

from __future__ import annotations

import re
from decimal import Decimal

from onebook_schemas.labels import Command, parse_lot
from onebook_schemas.stock_events import Document, DocumentKind, Lot

_COMMANDS = {command.value: command for command in Command}
_KINDS = {kind.value: kind for kind in DocumentKind}
_BIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")  # As BinCode of the schemas.
_MOVEMENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # As MovementId of the schemas.
_COUNT = re.compile(r"\d{1,6}(\.\d{1,3})?")


def command_of(value: str) -> Command | None:
    return _COMMANDS.get(value)


def document_of(number: str) -> Document | None:
    """A document's number begins with the two letters of its kind."""
    kind = _KINDS.get(number[:2])
    return Document(kind=kind, number=number) if kind else None


def bin_of(value: str) -> str | None:
    return value if _BIN.fullmatch(value) else None


def count_of(value: str) -> Decimal | None:
    return Decimal(value) if _COUNT.fullmatch(value) else None


def lot_of(value: str) -> Lot | None:
    parsed = parse_lot(value)
    return Lot(number=parsed[0], expires_on=parsed[1]) if parsed else None


def movement_of(value: str) -> str | None:
    return value if _MOVEMENT.fullmatch(value) else None
