"""The outbox on real files: rows that are not what this version wrote, and how long what was delivered stays."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from onebook_edge.clock import SystemClock
from onebook_edge.machine import Instant
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.retention import DAY_MS, DiskBudget
from onebook_edge.outbox.store import EventDraft
from onebook_schemas.device_events import EdgeStarted
from onebook_schemas.sensor_events import SampleSeries, SamplesTaken
from onebook_schemas.uplink import Stream

CLOCK = SystemClock(trusted=True)
BUDGET = DiskBudget(telemetry_bytes=400_000, thin_at=0.5)
BOOTS = ("0123456789abcdef", "fedcba9876543210")


async def _filled(folder: Path, events: int) -> Outbox:
    """Telemetry of two boots that waits, four times what may be kept."""
    outbox = await Outbox.open(folder, "edge-1", CLOCK, BUDGET)
    values = tuple(float((7 * n) % 1_000) for n in range(400))
    fact = SamplesTaken(
        series=(
            SampleSeries(
                device="probe", quantity="temperature_c", unit="CEL", after_ms=tuple(range(-399, 1)), values=values
            ),
        )
    )
    body = fact.model_dump_json().encode()
    drafts = [EventDraft(body, Instant(n, n), BOOTS[n > events // 2], True) for n in range(events)]
    await outbox[Stream.TELEMETRY].append(drafts)
    return outbox


def _damage(folder: Path, *sequences: int) -> None:
    with sqlite3.connect(folder / "telemetry.db") as connection:
        for sequence in sequences:
            connection.execute("UPDATE event SET body = x'78ff00' WHERE sequence = ?", (sequence,))
    connection.close()


async def test_a_row_that_cannot_be_read_does_not_keep_room_from_being_made(tmp_path: Path) -> None:
    outbox = await _filled(tmp_path, 2_000)
    _damage(tmp_path, 1, 700, 1_999)
    before = outbox[Stream.TELEMETRY].usage.used_bytes
    await outbox.make_room()
    assert outbox[Stream.TELEMETRY].usage.used_bytes < min(before, 200_000)
    assert (await outbox.load(Stream.TELEMETRY, 0, 9, 1 << 20))[0].sequence == 1
    await outbox.close()


async def test_telemetry_of_a_later_boot_gives_way_when_that_of_the_first_has(tmp_path: Path) -> None:
    outbox = await _filled(tmp_path, 2_000)
    await outbox.make_room()
    events = await outbox.load(Stream.TELEMETRY, 0, 10_000, 1 << 30)
    assert [events[0].sequence, events[-1].through] == [1, 2_000]
    assert events[0].through == 1_001, "all of the first boot"
    assert events[1].through > 1_002, "and some of the second"
    await outbox.close()


async def test_a_row_that_cannot_be_read_goes_along_into_a_new_epoch_with_its_bytes(tmp_path: Path) -> None:
    outbox = await _filled(tmp_path, 4)
    _damage(tmp_path, 1, 3)
    await outbox.renew_epoch(Stream.TELEMETRY)
    carried = await outbox.load(Stream.TELEMETRY, 0, 9, 1 << 20)
    assert [(event.sequence, event.body == b"x\xff\x00") for event in carried] == [
        (1, True),
        (2, False),
        (3, True),
        (4, False),
    ]
    assert carried[1].body.startswith(b'{"sequence":2,"v":1,')
    await outbox.close()


# How long what was delivered stays -------------------------------------------------------------------------------------

HOUR_MS = DAY_MS // 24
TWO_DAYS = DiskBudget(retain_days=2)


class HandClock:
    """A box whose wall clock says anything; each start of the agent is a boot."""

    boot_id = BOOTS[0]

    def __init__(self) -> None:
        self.ran_ms, self.wall_ms = 0, 0

    def now(self) -> Instant:
        return Instant(self.ran_ms, self.wall_ms)

    def synchronised(self) -> bool:
        return False


async def _delivered(folder: Path, clock: HandClock, count: int) -> Outbox:
    outbox = await Outbox.open(folder, "edge-1", clock, TWO_DAYS)
    await outbox.record([EdgeStarted(software_version="1")] * count)
    await outbox.mark_delivered(Stream.JOURNAL, outbox[Stream.JOURNAL].position.last_sequence)
    return outbox


async def _runs(outbox: Outbox, clock: HandClock, hours: int) -> None:
    for _ in range(hours):
        clock.ran_ms += HOUR_MS
        clock.wall_ms += HOUR_MS
        await outbox.make_room()


async def _kept_from(outbox: Outbox) -> int:
    return (await outbox.load(Stream.JOURNAL, 0, 1, 1))[0].sequence


async def test_no_wall_clock_lets_anything_go_that_was_delivered(tmp_path: Path) -> None:
    clock = HandClock()  # In 1970, when all is captured.
    outbox = await _delivered(tmp_path, clock, 10)
    for wall_ms in (1_790_000_000_000, 4_000_000_000_000, 0, -(10**12)):
        clock.wall_ms = wall_ms
        await _runs(outbox, clock, 1)
    assert await _kept_from(outbox) == 1
    await outbox.close()


async def test_what_was_delivered_goes_after_its_days_in_which_the_box_ran(tmp_path: Path) -> None:
    clock = HandClock()
    outbox = await _delivered(tmp_path, clock, 10)
    await _runs(outbox, clock, 30)
    await outbox.close()
    clock.ran_ms, clock.wall_ms = 500, 4_000_000_000_000  # Switched off, and on again: years later, it believes.
    outbox = await _delivered(tmp_path, clock, 10)
    await _runs(outbox, clock, 23)
    assert await _kept_from(outbox) == 1
    await _runs(outbox, clock, 7)
    assert await _kept_from(outbox) == 11, "the first ten have been kept for two days and a quarter"
    await outbox.close()


async def test_a_kill_makes_the_days_longer_and_never_shorter(tmp_path: Path) -> None:
    clock = HandClock()
    for _ in range(30):
        outbox = await _delivered(tmp_path, clock, 1)
        clock.ran_ms += 50 * 60_000
        await outbox.make_room()
        for stream in Stream:
            await outbox[stream].close()  # And not `outbox.close()`: nothing is written any more.
    (tmp_path / "calendar.json").write_text('{"journal": {"epo', encoding="utf-8")  # Torn by a power cut.
    outbox = await _delivered(tmp_path, clock, 1)
    await _runs(outbox, clock, 47)
    assert await _kept_from(outbox) == 1
    await outbox.close()
