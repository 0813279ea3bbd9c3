"""Journal events for tests of the ledger, as an edge would write and upload them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from onebook_collector.ledger.book_state import BookState
from onebook_collector.ledger.cursor import LogKey
from onebook_collector.ledger.registry import Site, import_items, import_sites, register_edge
from onebook_collector.reference import read_catalogue
from onebook_schemas.chain import HashAlgorithm, chain_heads
from onebook_schemas.uplink import Stream, Upload, UploadHeader

EPOCH = "0123456789abcdef"
BOOT = "fedcba9876543210"
NOON = 1_790_000_000_000  # 2026-09-21 22:13 in China.

BULK, LOT, SERIAL = "LS05001", "LS01001", "LS01004"  # Rice by the tonne, a tent by lot, a command tent by serial.
CATALOGUE = read_catalogue()


def furnish(book: BookState) -> None:
    """A catalogue, two sites and three edges: two at the first site, one at the second."""
    import_items(book, [row for row in CATALOGUE if row["code"] in (BULK, LOT, SERIAL, "LS01002", "LS02001")])
    import_sites(
        book, [Site("wh-1", "一号库", "Warehouse 1", "330102"), Site("wh-2", "二号库", "Warehouse 2", "330205")]
    )
    for edge_id, site_id in (("edge-1", "wh-1"), ("edge-2", "wh-1"), ("edge-3", "wh-2")):
        register_edge(book, edge_id, site_id)


def log_of(edge_id: str, epoch: str = EPOCH, stream: Stream = Stream.JOURNAL) -> LogKey:
    return LogKey(edge_id, epoch, stream)


def movement_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def line(item: str, amount: str | int, **more: Any) -> dict[str, Any]:
    """A line; `unit` defaults to pieces, `lot` may be just a number."""
    lot = more.pop("lot", None)
    quantity = {"amount": str(amount), "unit": more.pop("unit", "EA")}
    named = {"lot": {"number": lot} if isinstance(lot, str) else lot} if lot else {}
    return {"item": item, "quantity": quantity, "source": "barcode", **named, **more}


def moved(number: int, kind: str, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    fact = {"type": "goods_moved", "movement_id": movement_id(number), "kind": kind, "lines": lines, "actor": "P1"}
    return fact | more


def reversed_(number: int, original: int, **more: Any) -> dict[str, Any]:
    ids = {"movement_id": movement_id(number), "reverses": movement_id(original)}
    return {"type": "movement_reversed", **ids, "reason": "wrong bin", "actor": "P1"} | more


def papers(number: int, accepted: int, **more: Any) -> dict[str, Any]:
    ids = {"movement_id": movement_id(number), "accepted": movement_id(accepted)}
    return {"type": "papers_followed", **ids, "document": {"kind": "JZ", "number": "JZ9"}, "actor": "P1"} | more


def counted(number: int, item: str, bin_code: str, amount: str | int, **more: Any) -> dict[str, Any]:
    unit, lot = more.pop("unit", "EA"), more.pop("lot", None)
    named = {"lot": {"number": lot}} if lot else {}
    fact = {"type": "stock_counted", "movement_id": movement_id(number), "item": item, "bin": bin_code}
    return fact | {"counted": {"amount": str(amount), "unit": unit}, "source": "manual", "actor": "P2"} | named | more


def body(sequence: int, fact: dict[str, Any], wall_ms: int, *, synchronised: bool = True) -> bytes:
    event = {"sequence": sequence, "v": 1, "wall_ms": wall_ms, "monotonic_ms": 1_000 * sequence, "boot_id": BOOT}
    return json.dumps(event | {"clock_synchronised": synchronised, "fact": fact}).encode()


def upload(
    key: LogKey,
    first_sequence: int,
    head: bytes,
    lines: Sequence[bytes],
    algorithm: HashAlgorithm = HashAlgorithm.SHA256,
) -> Upload:
    """The upload that an edge would make of these lines, the chain standing at `head` before them."""
    heads = chain_heads(head, lines, algorithm=algorithm)
    header = UploadHeader(
        edge_id=key.edge_id,
        epoch=key.epoch,
        stream=key.stream,
        first_sequence=first_sequence,
        last_sequence=first_sequence + len(lines) - 1,
        waiting=0,
        chain_before=head.hex(),
        chain_after=(heads[-1] if heads else head).hex(),
        hash_algorithm=algorithm,
    )
    return Upload(header, tuple(lines))
