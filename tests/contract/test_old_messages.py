"""Messages that were on the wire once must be readable for ever: an edge may have been cut off for months."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from onebook_schemas.chain import HashAlgorithm, chain_heads, chain_start
from onebook_schemas.encoding import decode, decode_upload
from onebook_schemas.envelope import journal_event_of, telemetry_event_of
from onebook_schemas.reference import DOCUMENTS, ReferenceDocument
from onebook_schemas.sensor_events import EdgeHealth
from onebook_schemas.stock_events import GoodsMoved
from onebook_schemas.uplink import Ack, EdgeState, Live, Stream

V1 = Path(__file__).resolve().parents[1] / "testdata" / "messages" / "v1"


def test_the_journal_upload_of_version_1_is_read_and_its_chain_holds() -> None:
    upload = decode_upload((V1 / "journal_upload.bin").read_bytes())
    facts = [journal_event_of(line).fact.type for line in upload.lines]
    assert facts == [
        "edge_started",
        "clock_synchronised",
        "goods_moved",
        "goods_moved",
        "goods_moved",
        "stock_counted",
        "movement_reversed",
        "device_state_changed",
        "code_set_aside",
        "outbox_pressure",
    ]
    heads = chain_heads(bytes.fromhex(upload.header.chain_before or ""), upload.lines)
    assert heads[-1].hex() == upload.header.chain_after


def test_a_journal_upload_that_is_chained_with_sm3_is_read_and_its_chain_holds() -> None:
    upload = decode_upload((V1 / "journal_upload_sm3.bin").read_bytes())
    assert upload.header.hash_algorithm is HashAlgorithm.SM3
    start = chain_start(upload.header.edge_id, upload.header.epoch, Stream.JOURNAL, algorithm=HashAlgorithm.SM3)
    heads = chain_heads(start, upload.lines, algorithm=HashAlgorithm.SM3)
    assert (start.hex(), heads[-1].hex()) == (upload.header.chain_before, upload.header.chain_after)


def test_what_work_places_say_since_they_lend_rotate_and_accept_before_papers_is_read() -> None:
    upload = decode_upload((V1 / "journal_upload_work_places.bin").read_bytes())
    facts = [journal_event_of(line).fact for line in upload.lines]
    kinds = [fact.kind.value if isinstance(fact, GoodsMoved) else fact.type for fact in facts]
    assert kinds == [
        "loan",
        "recovery",
        "rotation_out",
        "rotation_in",
        "donation",
        "papers_followed",
        "movement_reversed",
        "code_set_aside",
    ]
    heads = chain_heads(bytes.fromhex(upload.header.chain_before or ""), upload.lines)
    assert heads[-1].hex() == upload.header.chain_after


def test_the_telemetry_upload_of_version_1_is_read() -> None:
    upload = decode_upload((V1 / "telemetry_upload.bin").read_bytes())
    events = [telemetry_event_of(line) for line in upload.lines]
    assert [(event.sequence, event.through) for event in events] == [(1, 1), (2, 2), (3, 9)]
    assert upload.header.stream is Stream.TELEMETRY


def test_the_health_that_says_from_where_the_journal_is_kept_is_read() -> None:
    upload = decode_upload((V1 / "telemetry_upload_health.bin").read_bytes())
    (fact,) = [telemetry_event_of(line).fact for line in upload.lines]
    assert isinstance(fact, EdgeHealth)
    assert (fact.journal_epoch, fact.journal_refills_after) == ("00112233445566aa", 417)


def test_the_probe_of_version_1_is_read() -> None:
    assert decode_upload((V1 / "probe.bin").read_bytes()).is_probe


@pytest.mark.parametrize(("name", "kind"), [("ack", Ack), ("edge_state", EdgeState), ("live", Live)])
def test_the_small_messages_of_version_1_are_read(name: str, kind: type[BaseModel]) -> None:
    assert decode(kind, (V1 / f"{name}.bin").read_bytes()).model_dump()["v"] == 1


@pytest.mark.parametrize("kind", DOCUMENTS.values(), ids=DOCUMENTS)
def test_the_documents_of_version_1_are_read(kind: type[ReferenceDocument]) -> None:
    document = decode(kind, (V1 / f"{kind.NAME}_document.bin").read_bytes())
    assert (document.v, document.version, len(getattr(document, kind.ROWS))) == (1, 1_790_000_000_000, 1)


def test_every_kept_message_is_read_by_a_test_here() -> None:
    assert {path.stem for path in V1.glob("*.bin")} == {
        "journal_upload",
        "journal_upload_sm3",
        "journal_upload_work_places",
        "telemetry_upload",
        "telemetry_upload_health",
        "probe",
        "ack",
        "edge_state",
        "live",
        *(f"{name}_document" for name in DOCUMENTS),
    }
