"""What a scanner or a reader says: bar codes, EPCs, our own labels, and the dialogue that hears them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

from onebook_edge.capture.dialogue_messages import Scanned
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.epc import decode as decode_epc
from onebook_edge.capture.gs1 import classify
from onebook_edge.capture.scanned_code import Unknown, recognise
from onebook_schemas.enrolment import Invitation, parse_invitation
from onebook_schemas.labels import Command, command_text, parse_label, parse_lot
from onebook_schemas.reference import TaskAction
from tests.fuzz.bombardment import Hit, Target
from tests.fuzz.mutation import ODD_TEXTS, spoiled_bytes
from tests.unit.edge.capture.warehouse import frozen, lying, task, wanted, warehouse
from tests.unit.edge.capture.work_place import BED, bed, tent

VECTORS = Path(__file__).parents[2] / "testdata" / "vectors"
TODAY = date(2026, 5, 28)

_BARCODES = [one["input"].encode() for one in json.loads((VECTORS / "barcodes.json").read_text("utf-8"))["vectors"]]
_EPCS = [bytes.fromhex(one["hex"]) for one in json.loads((VECTORS / "epc.json").read_text("utf-8"))["vectors"]]
_LABELS = [
    *(command_text(command).encode() for command in Command), b"OBP-zhangsan", b"OBB-A-01", b"OBQ-12.5", b"OBD-RK-20260528-1",
    b"OBD-RW1", b"OBI-LS01006", b"OBL-20270131-L1", b"OBL-00000000-L2", b"OBR-TYPO", b"OBR-URGENT", b"OBB-B-01",
    b"OBM-00000000-0000-4000-8000-000000000001",
    Invitation("centre.example", 8443, "ABCDEFGHIJKLMNOP", "A" * 32).text().encode(), bed("L1", "301231").encode(),
    tent("0042").encode(),
]  # fmt: skip
_TEXTS = [text.encode(errors="surrogatepass") for text in ODD_TEXTS]


def targets() -> Iterator[Target]:
    yield Target("gs1", lambda dice: _of(_BARCODES, dice), lambda _: _classify)
    yield Target("epc", lambda dice: spoiled_bytes(dice.choice(_EPCS), _EPCS, dice)[:64], lambda _: _epc)
    yield Target("label", lambda dice: _of(_LABELS, dice), lambda _: _label)
    yield Target("dialogue", _for_dialogue, _open_dialogue)


def _of(corpus: list[bytes], dice: Random) -> bytes:
    return spoiled_bytes(dice.choice(corpus), corpus + _TEXTS, dice)


def _text(body: bytes) -> str:
    return body.decode("utf-8", errors="replace")  # As the scanner driver does with what is no text.


def _classify(body: bytes) -> str | None:
    code = classify(_text(body), TODAY)
    for value in (code.lot, code.serial, code.sscc, code.gtin14, code.count, code.expires_on, code.produced_on):
        assert value is None or str(value)
    return code.error


def _epc(body: bytes) -> str | None:
    return decode_epc(body.hex()).error


def _label(body: bytes) -> str | None:
    text = _text(body)
    label, invitation = parse_label(text), parse_invitation(text)
    if label:
        assert "\n" not in label.value
        lot = parse_lot(label.value)
        assert lot is None or lot[0]
    return None if label or invitation else "no label of ours"


def _for_dialogue(dice: Random) -> bytes:
    """Mostly what makes sense, so that a booking is under way when nonsense comes."""
    return dice.choice(_LABELS) if dice.random() < 0.6 else _of(_LABELS + _BARCODES, dice)


def _open_dialogue(_: Random) -> Hit:
    stock = (lying("A-01", 9, "L1", "2027-01-01"), frozen("B-01", 3, "L2"))
    place = warehouse(*stock, tasks=(task("RW1", TaskAction.RECEIVE, wanted(BED, 9), kind="RW"),))
    meanings = place.catalogue

    def hit(body: bytes) -> str | None:
        text = _text(body)
        place.later(0.5)
        outputs = place.dialogue.handle(Scanned(text, "scanner-1"), place.now)
        said = [one for one in outputs if isinstance(one, Feedback)]
        assert said, "a person scans and hears nothing"
        assert all(parse_label(choice.code) for choice in place.view().choices), "a button that no scanner could read"
        meaning = recognise(text, meanings, TODAY)
        return meaning.reason if isinstance(meaning, Unknown) else None

    return hit
