"""The ledger's own hash chain, in a form that anybody can recompute with the standard library.

    hash(n) = H( hash(n-1) || text(n) as UTF-8 ),   hash(0) = 32 zero bytes

where n is the ledger_seq, H the book's algorithm (`sequencer.hash_algorithm`: sha256 or sm3, chosen when the book is begun), and
text(n) = json.dumps(list, ensure_ascii=False, separators=(",", ":")) of one list:

    [ledger_seq, movement_id, kind, actor, reason, document_kind, document_no, device, source, reverses, corrects,
     site_id, event_time, time_quality, recorded_at,
     origin, postings, count]

The first fifteen are the columns of table `movement` of the same names (null for NULL; times are Unix milliseconds).

    origin    null for a movement made at the centre, else [edge_id, epoch, stream, sequence, chain_hash in hex] of the
              envelope that the movement comes from
    postings  [[line, leg, account code, item code, lot number, quantity, [serial number, ...]], ...] by line, then leg;
              the unknown lot has the number ""; serials stand in the order of table `posting_serial` (position)
    count     null, or [account code, item code, lot number or null, counted, book_at, difference, counted_at] of table
              `count_assertion`

Because the origin holds the envelope's chain hash, which covers the bytes that the edge stored, both chains are tied.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from onebook_schemas.chain import HashAlgorithm, hash_of

GENESIS = bytes(32)


def movement_text(
    columns: Sequence[Any], origin: Sequence[Any] | None, postings: Sequence[Any], count: Sequence[Any] | None
) -> bytes:
    """text(n) as above, as UTF-8. `to_json` writes what the standard library would, in a third of its time."""
    return to_json([*columns, origin, postings, count])


def next_hash(previous: bytes, text: bytes, algorithm: HashAlgorithm) -> bytes:
    return hash_of(previous + text, algorithm)
