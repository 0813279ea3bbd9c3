"""The middle of the edge on real files: what a scanner says becomes movements in the journal, and only then "recorded"."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.pipeline import Pipeline
from onebook_edge.capture.settings import CaptureSettings
from onebook_edge.clock import SystemClock, new_movement_id
from onebook_edge.device import CodeScanned, Measured, Observed, Quality
from onebook_edge.drafts_file import FORCED_AFTER_S, read_states
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.retention import DiskBudget
from onebook_edge.recorder import Recorder
from onebook_schemas.uplink import Stream

CATALOGUE = Path(__file__).resolve().parents[2] / "collector" / "onebook_collector" / "reference" / "catalogue.csv"
SETTINGS = CaptureSettings.model_validate(
    {
        "work_places": {"bench": {}},
        "devices": {
            "scanner-1": {"role": "dialogue", "work_place": "bench"},
            "probe-1": {"role": "climate", "samples": {"temperature_c": {"keep": "every"}}},
        },
    }
)
CLOCK = SystemClock(trusted=True)
TENT = "]C10109520000000011"  # GTIN of LS01001 in the catalogue, as GS1-128.


@contextlib.asynccontextmanager
async def recording(folder: Path, budget: DiskBudget | None = None) -> AsyncIterator[Recorder]:
    outbox = await Outbox.open(folder, "edge-1", CLOCK, budget)
    catalogue = Catalogue.from_csv_text(CATALOGUE.read_text(encoding="utf-8"))
    pipeline = Pipeline(SETTINGS, catalogue, new_movement_id, read_states(folder / "drafts.json", CLOCK.now()))
    recorder = Recorder(outbox, pipeline, CLOCK, folder / "drafts.json", "test")
    task = asyncio.create_task(recorder.run())
    try:
        yield recorder
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await outbox.close()


def scan(recorder: Recorder, *texts: str) -> None:
    for text in texts:
        recorder.hear(Observed(CodeScanned("scanner-1", CLOCK.now(), text, text.encode())))


async def facts(recorder: Recorder, stream: Stream, kind: str) -> list[dict[str, object]]:
    events = await recorder.outbox[stream].load(0, 10_000, 1 << 30)
    return [fact for event in events if (fact := json.loads(event.body)["fact"])["type"] == kind]


async def settled(recorder: Recorder, stream: Stream, kind: str, count: int) -> list[dict[str, object]]:
    while len(found := await facts(recorder, stream, kind)) < count:
        await asyncio.sleep(0.01)
    return found


async def test_scans_become_a_movement_that_is_on_the_disk_when_the_person_is_told(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        scan(recorder, "OBP-1001", "OBC-RECEIVE", "OBB-A-01", TENT, "OBQ-20", "OBC-CONFIRM")
        (moved,) = await settled(recorder, Stream.JOURNAL, "goods_moved", 1)
        assert (moved["kind"], moved["actor"]) == ("receipt", "1001")
        (line,) = moved["lines"]  # type: ignore[misc]
        assert (line["item"], line["quantity"], line["to_bin"]) == ("LS01001", {"amount": "20", "unit": "EA"}, "A-01")  # type: ignore[index]
        while recorder.feedback["bench"].code != "recorded":
            await asyncio.sleep(0.01)


async def test_a_full_disk_is_told_before_the_person_believes_and_nothing_is_half_booked(tmp_path: Path) -> None:
    async with recording(tmp_path, DiskBudget(journal_bytes=1)) as recorder:
        scan(recorder, "OBP-1001", "OBC-RECEIVE", "OBB-A-01", TENT, "OBC-CONFIRM")
        while recorder.feedback.get("bench") is None or recorder.feedback["bench"].code != "not-recorded":
            await asyncio.sleep(0.01)
        assert not await facts(recorder, Stream.JOURNAL, "goods_moved")


async def test_an_unfinished_draft_is_there_again_after_a_restart(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        scan(recorder, "OBP-1001", "OBC-RECEIVE", "OBB-A-01", TENT, "OBQ-7")
    async with recording(tmp_path) as recorder:
        scan(recorder, "OBC-CONFIRM")
        (moved,) = await settled(recorder, Stream.JOURNAL, "goods_moved", 1)
        assert moved["lines"][0]["quantity"]["amount"] == "7"  # type: ignore[index]


def drafts_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("drafts.json", "drafts.safe")}


async def test_a_booking_that_a_kill_interrupted_is_booked_once(tmp_path: Path) -> None:
    """Goal: no sheet is booked twice. Method: take the drafts file of the instant between the draft and its record."""
    async with recording(tmp_path) as recorder:
        scan(recorder, "OBP-1001", "OBC-RECEIVE", "OBB-A-01", TENT, "OBC-CONFIRM")
        between = drafts_of(tmp_path)
        await settled(recorder, Stream.JOURNAL, "goods_moved", 1)
    for name, body in between.items():
        (tmp_path / name).write_bytes(body)
    async with recording(tmp_path) as recorder:
        while recorder.feedback.get("bench") is None or recorder.feedback["bench"].code != "recorded":
            await asyncio.sleep(0.01)
        scan(recorder, "OBC-CONFIRM")
        await asyncio.sleep(0.1)
        assert len(await facts(recorder, Stream.JOURNAL, "goods_moved")) == 1


async def test_a_booking_that_was_never_recorded_can_be_confirmed_again(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        scan(recorder, "OBP-1001", "OBC-RECEIVE", "OBB-A-01", TENT, "OBC-CONFIRM")
        between = drafts_of(tmp_path)
    (tmp_path / "other").mkdir()
    for name, body in between.items():
        (tmp_path / "other" / name).write_bytes(body)
    async with recording(tmp_path / "other") as recorder:
        while recorder.feedback.get("bench") is None or recorder.feedback["bench"].code != "not-recorded":
            await asyncio.sleep(0.01)
        scan(recorder, "OBC-CONFIRM")
        assert len(await settled(recorder, Stream.JOURNAL, "goods_moved", 1)) == 1


async def test_readings_are_committed_as_samples_with_the_time_of_the_reading(tmp_path: Path) -> None:
    async with recording(tmp_path) as recorder:
        at = CLOCK.now()
        for n in range(30):
            value = Decimal(200 + n) / 10
            recorder.hear(Observed(Measured("probe-1", at, "temperature_c", value, "CEL", Quality.GOOD)))
        await settled(recorder, Stream.TELEMETRY, "samples_taken", 1)
        (event, *_) = await recorder.outbox[Stream.TELEMETRY].load(0, 10, 1 << 20)
        body = json.loads(event.body)
        (series,) = body["fact"]["series"]
        assert series["values"] == [(200 + n) / 10 for n in range(30)]
        assert {body["monotonic_ms"] + after for after in series["after_ms"]} == {at.monotonic_ms}


async def test_a_proper_end_loses_no_sample_that_was_heard(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path, "edge-1", CLOCK)
    recorder = Recorder(
        outbox, Pipeline(CaptureSettings(), Catalogue(), new_movement_id), CLOCK, tmp_path / "d", "test"
    )
    running = asyncio.create_task(recorder.run())
    await asyncio.sleep(0)  # It has begun.
    recorder.hear(Observed(Measured("probe-1", CLOCK.now(), "temperature_c", Decimal(20), "CEL", Quality.GOOD)))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert outbox[Stream.TELEMETRY].position.last_sequence == 1
    await outbox.close()


async def test_a_drafts_file_that_cannot_be_read_is_put_aside_and_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "drafts.json").write_text("{half")
    assert read_states(tmp_path / "drafts.json", CLOCK.now()) == {}
    assert (tmp_path / "drafts.unreadable").exists()


async def test_what_a_power_cut_leaves_of_the_drafts_is_what_was_forced_to_the_disk(tmp_path: Path) -> None:
    """A file that was renamed and never forced comes back empty, or as an older one that is whole."""
    async with recording(tmp_path) as recorder:
        scan(recorder, "OBP-1001", "OBC-RECEIVE", "OBB-A-01")
        older = (tmp_path / "drafts.json").read_bytes()
        scan(recorder, TENT, "OBQ-7")
        safe = tmp_path / "drafts.safe"
        while not safe.exists() or safe.stat().st_size <= len(older):
            await asyncio.sleep(0.01)
    for left in (b"", older):
        (tmp_path / "drafts.json").write_bytes(left)
        kept = read_states(tmp_path / "drafts.json", CLOCK.now())
        assert [len(state.steps) for state in kept.values()] == [4]


async def test_an_older_draft_never_takes_the_place_of_one_that_is_being_booked(tmp_path: Path) -> None:
    """The thread that forces the draft from before the confirmation is late."""
    async with recording(tmp_path) as recorder:
        scan(recorder, "OBP-1001", "OBC-RECEIVE", "OBB-A-01", TENT)
        await asyncio.sleep(FORCED_AFTER_S + 0.001)  # It has begun.
        scan(recorder, "OBC-CONFIRM")
        await settled(recorder, Stream.JOURNAL, "goods_moved", 1)
        await asyncio.sleep(3 * FORCED_AFTER_S)
    (tmp_path / "drafts.json").write_bytes(b"")
    (state,) = read_states(tmp_path / "drafts.json", CLOCK.now()).values()
    assert not state.steps
