"""What sends an event to quarantine: checked before anything of it is written."""

from __future__ import annotations

from collections.abc import Sequence

from onebook_collector.ledger.book_state import BookState
from onebook_collector.ledger.goods import BookedItem
from onebook_schemas.envelope import JournalEvent, journal_event_of
from onebook_schemas.quantities import InexactConversionError, Quantity, to_base_units
from onebook_schemas.stock_events import GoodsMoved, MovementReversed, PapersFollowed, StockCounted

StockFact = GoodsMoved | MovementReversed | StockCounted | PapersFollowed

QUANTITY_MAX = 10**14
"""Base units in one line: ten thousand times the province's grain in grams, and far from the end of 64 bits."""
_REASON_LENGTH_MAX = 200


class UnbookableError(Exception):
    """This event cannot be booked as it stands. A person may mend what it lacks, and release it."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code, words)
        self.code, self.words = code, words
        text = f"{code}: {words}"
        self.reason = text if len(text) <= _REASON_LENGTH_MAX else text[: _REASON_LENGTH_MAX - 1] + "…"


class RepeatedError(Exception):
    """This movement is in the book already, with the same content: nothing to do."""

    def __init__(self, ledger_seq: int) -> None:
        super().__init__(ledger_seq)
        self.ledger_seq = ledger_seq


def refuse_repeated(state: BookState, fact: StockFact) -> None:
    """Raises RepeatedError, or UnbookableError where the same movement_id stands for something else."""
    known = state.known_movement(fact.movement_id)
    if known is None:
        return
    if known.log_id is not None and known.sequence is not None:
        booked: JournalEvent = journal_event_of(state.lookup.body(known.log_id, known.sequence))
        if booked.fact == fact:
            raise RepeatedError(known.ledger_seq)
    raise UnbookableError(
        "movement_id_taken", f"movement {fact.movement_id} is entry {known.ledger_seq} already, with other content"
    )


def known_item(state: BookState, code: str) -> BookedItem:
    item = state.item(code)
    if item is None:
        raise UnbookableError("unknown_item", f"{code} is not in the catalogue; add it, then release this event")
    return item


def base_units(item: BookedItem, quantity: Quantity) -> int:
    """The amount in base units, exactly."""
    worth = item.units.get(quantity.unit)
    if worth is None:
        known = ", ".join(sorted(item.units))
        raise UnbookableError("unknown_unit", f"{item.code} is not counted in {quantity.unit}; known: {known}")
    try:
        units = to_base_units(quantity, *worth)
    except InexactConversionError as error:
        raise UnbookableError("inexact_amount", str(error)) from error
    if units > QUANTITY_MAX:
        raise UnbookableError("amount_too_large", f"{quantity.amount} {quantity.unit} of {item.code} in one line")
    return units


def check_serials(item: BookedItem, units: int, serials: Sequence[str]) -> None:
    """Goods that are tracked one by one name each piece."""
    if item.by_serial and len(serials) != units:
        raise UnbookableError(
            "serials_missing", f"{item.code} is tracked by serial: {units} pieces, {len(serials)} serial numbers"
        )
