"""From what devices say to what the outbox keeps: the middle of the data path, and its clockwork.

Everything that is heard goes through the capture pipeline at once, in the order in which it was heard; what comes out waits in
two queues. The journal's is written as soon as possible, many facts in one commit; a person is told "recorded" after it.
Telemetry is committed ten times a second.
"""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onebook_edge.capture.dialogue_messages import Draft, NoteAdded, NotRecorded, Recorded, Scanned
from onebook_edge.capture.dialogue_texts import Feedback
from onebook_edge.capture.pipeline import AtWorkPlace, CaptureInput, CaptureOutput, Pipeline, ReadingUnused
from onebook_edge.capture.sample_batch import SampleBatch
from onebook_edge.capture.tag_presence import TagArrived
from onebook_edge.clock import Clock
from onebook_edge.device import Faulted, Measured, Observed
from onebook_edge.drafts_file import DraftsFile
from onebook_edge.errors import OutboxFullError
from onebook_edge.links.device_status import DeviceState
from onebook_edge.logs import get_logger
from onebook_edge.machine import Woken
from onebook_edge.outbox.outbox import Outbox
from onebook_edge.outbox.retention import Admission
from onebook_schemas.device_events import (
    Availability,
    ClockSynchronised,
    DeviceStateChanged,
    EdgeStarted,
    OutboxPressure,
)
from onebook_schemas.envelope import JournalFact
from onebook_schemas.sensor_events import EdgeHealth
from onebook_schemas.uplink import Stream

log = get_logger()

TELEMETRY_COMMIT_S = 0.1  # What a killed process may lose of telemetry; of the journal it loses nothing.
HEALTH_S, ROOM_S, CLOCK_S, PROOF_S = 60.0, 5.0, 2.0, 5.0


@dataclass(frozen=True, slots=True)
class _Entry:
    """Facts that are recorded together, and who waits to hear of it."""

    facts: tuple[JournalFact, ...]
    work_place: str | None = None
    draft_id: str = ""


@dataclass(slots=True)
class Recorder:
    """`hear` is the sink of every device; `await run()` for ever."""

    outbox: Outbox
    pipeline: Pipeline
    clock: Clock
    states_file: Path
    software_version: str
    feedback: dict[str, Feedback] = field(default_factory=dict)  # The last word to each work place.
    on_feedback: Callable[[str, Feedback], None] = lambda work_place, feedback: (
        None
    )  # Whatever changes a work place says one.
    on_gate: Callable[[str], None] = lambda epc: None  # A tag came before the reader of a gate.
    device_states: dict[str, DeviceState] = field(default_factory=dict)  # The last of each device.
    heard: dict[str, Observed] = field(default_factory=dict)  # The last of each device that is no probe.
    unused: int = 0
    on_recorded: Callable[[Sequence[JournalFact], int], None] = lambda facts, at_ms: None
    """Called with facts that are on the disk, and when they were put there (Unix ms)."""
    _entries: asyncio.Queue[_Entry] = field(default_factory=asyncio.Queue)
    _samples: SampleBatch = field(default_factory=SampleBatch)
    _rescheduled: asyncio.Event = field(default_factory=asyncio.Event)
    _pressed: set[Stream] = field(default_factory=set)
    _boot_dated: bool = False
    _drafts: DraftsFile = field(init=False)
    _interrupted: dict[str, str] = field(init=False)  # Work place -> draft that was being booked when the agent ended.

    def __post_init__(self) -> None:
        self._drafts = DraftsFile(self.states_file)
        states = {name: dialogue.state for name, dialogue in self.pipeline.dialogues.items()}
        self._interrupted = {name: state.booking.draft_id for name, state in states.items() if state.booking}

    def hear(self, output: Observed | Faulted | DeviceState) -> None:
        """Take what a device said, at once and in order."""
        match output:
            case Observed(Measured() as reading):  # Thousands a second: nothing but samples can come of them.
                for sample in self.pipeline.sample(reading, reading.observed_at):
                    self._samples.add(sample)
            case Observed(reading):
                self.heard[reading.device_id] = output
                self._feed(reading)
            case DeviceState(device_id, state, reason):
                self.device_states[device_id] = output
                code = reason.code if reason else ""
                fact = DeviceStateChanged(device=device_id, state=Availability(state), reason=code)
                self._entries.put_nowait(_Entry((fact,)))
            case Faulted():
                pass  # Counted where it was found; it carries no value.

    def enter(self, work_place: str, entered: Scanned | NoteAdded) -> Feedback:
        """Take what a person entered on a screen of this work place, as if a scanner had read it."""
        self._feed(AtWorkPlace(work_place, entered))
        return self.feedback[work_place]

    async def run(self) -> None:
        """Write what was heard, and keep the house, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.write())
            for duty in self.duties.values():
                tasks.create_task(duty())

    async def write(self, turn: Callable[[], None] = lambda: None) -> None:
        """Write what was heard until cancelled. `turn` is called as long as the outbox does its work."""
        self._entries.put_nowait(_Entry((EdgeStarted(software_version=self.software_version),)))
        await self._settle_interrupted()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write_journal())
                tasks.create_task(self._write_telemetry())
                tasks.create_task(self._prove_outbox(turn))
        finally:
            await self._write_samples()  # A proper end loses nothing of what was heard.

    @property
    def duties(self) -> Mapping[str, Callable[[], Coroutine[None, None, None]]]:
        """What runs beside the writing, each for ever; any of them may be begun anew without the others."""
        return {
            "pipeline": self._wake_pipeline,
            "drafts": self._drafts.keep_safe,
            "health": self._report_health,
            "room": self._make_room,
            "clock": self._watch_clock,
        }

    # Capture ----------------------------------------------------------------------------------------------------

    def _feed(self, message: CaptureInput) -> None:
        outputs = self.pipeline.handle(message, self.clock.now())
        said = [output.said for output in outputs if isinstance(output, AtWorkPlace)]
        if said:
            self._keep_states(durable=any(isinstance(one, Draft) for one in said))
        for output in outputs:
            self._take(output)
        self._rescheduled.set()

    def _take(self, output: CaptureOutput) -> None:
        match output:
            case AtWorkPlace(work_place, Draft(draft_id, facts)):
                self._entries.put_nowait(_Entry(facts, work_place, draft_id))
            case AtWorkPlace(work_place, Feedback() as feedback):
                self.feedback[work_place] = feedback
                self.on_feedback(work_place, feedback)
                log.debug("feedback", work_place=work_place, code=feedback.code)
            case Measured():
                self._samples.add(output)
            case TagArrived(epc=epc):
                self.on_gate(epc)
            case ReadingUnused():
                self.unused += 1
                log.debug("reading_unused", device_id=output.device_id, reason=output.fault.reason)
            case _:
                log.debug("observed", what=type(output).__name__)

    def _keep_states(self, *, durable: bool) -> None:
        """A draft outlives a restart. It is on the disk before it is booked: what was confirmed and what was not must be
        known after a power cut too, or the same sheet could be booked twice."""
        states = {name: dialogue.state for name, dialogue in self.pipeline.dialogues.items()}
        self._drafts.write(states, durable=durable)

    async def _settle_interrupted(self) -> None:
        """A booking that a restart interrupted: the journal knows whether it was recorded."""
        for name, draft_id in self._interrupted.items():
            sequence = await self.outbox[Stream.JOURNAL].find(draft_id)
            if sequence is not None:
                self._feed(AtWorkPlace(name, Recorded(draft_id, sequence)))
            else:
                reason = "重启前未及记账,请重新确认 / interrupted by a restart before it was recorded: confirm again"
                self._feed(AtWorkPlace(name, NotRecorded(draft_id, reason)))

    async def _wake_pipeline(self) -> None:
        while True:
            due = self.pipeline.wakeup_at()
            wait_s = None if due is None else max(due - self.clock.now().monotonic_ms, 0) / 1000
            self._rescheduled.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._rescheduled.wait()
            except TimeoutError:
                self._feed(Woken())

    # Writing ----------------------------------------------------------------------------------------------------

    async def _write_journal(self) -> None:
        while True:
            group = [await self._entries.get()]
            while not self._entries.empty():
                group.append(self._entries.get_nowait())
            for outcome in await self._record(group):
                self._feed(outcome)

    async def _record(self, group: Sequence[_Entry]) -> list[AtWorkPlace[Recorded | NotRecorded]]:
        """One commit for all that wait. When the disk refuses, each entry is tried by itself: some may still fit."""
        facts = [fact for entry in group for fact in entry.facts]
        try:
            recorded = await self.outbox.record(facts)
        except OutboxFullError as error:
            if len(group) > 1:
                return [answer for entry in group for answer in await self._record([entry])]
            log.error("not_recorded", reason=error.reason)
            entry = group[0]
            return [AtWorkPlace(entry.work_place, NotRecorded(entry.draft_id, str(error)))] if entry.work_place else []
        self.on_recorded(facts, self.clock.now().wall_ms)
        sequences = iter(recorded)
        answers: list[AtWorkPlace[Recorded | NotRecorded]] = []
        for entry in group:
            last = [next(sequences) for _ in entry.facts][-1]
            if entry.work_place:
                answers.append(AtWorkPlace(entry.work_place, Recorded(entry.draft_id, last)))
        return answers

    async def _write_telemetry(self) -> None:
        while True:
            await asyncio.sleep(TELEMETRY_COMMIT_S)
            await self._write_samples()

    async def _write_samples(self) -> None:
        now = self.clock.now()
        self.outbox.count_refused(self._samples.take_not_taken())
        while (written := self._samples.drain(now)) is not None:
            await self.outbox.take([written], now)

    async def _prove_outbox(self, turn: Callable[[], None]) -> None:
        while True:
            await self.outbox.prove()
            turn()
            await asyncio.sleep(PROOF_S)

    # Keeping house ----------------------------------------------------------------------------------------------

    async def _report_health(self) -> None:
        while True:
            await asyncio.sleep(HEALTH_S)
            used, journal = resource.getrusage(resource.RUSAGE_SELF), self.outbox[Stream.JOURNAL]
            health = EdgeHealth(
                journal_waiting=journal.usage.waiting,
                telemetry_waiting=self.outbox[Stream.TELEMETRY].usage.waiting,
                outbox_bytes=self.outbox.used_bytes,
                outbox_budget_bytes=self.outbox.budget_bytes,
                memory_bytes=_resident_bytes(),
                cpu_ms=round((used.ru_utime + used.ru_stime) * 1000),
                uptime_ms=self.clock.now().monotonic_ms,
                journal_epoch=journal.epoch,
                journal_refills_after=await journal.refills_after(),
            )
            await self.outbox.take([health], self.clock.now())

    async def _make_room(self) -> None:
        while True:
            await asyncio.sleep(ROOM_S)
            try:
                await self.outbox.make_room()
            except OutboxFullError as error:  # Tried again in a while; what is recorded meanwhile is refused by itself.
                log.error("no_room_made", reason=error.reason, what_to_do=error.what_to_do)
            for stream in Stream:
                self._tell_pressure(stream)

    def _tell_pressure(self, stream: Stream) -> None:
        """Say once that a budget is nearly used up, and once that it is relieved."""
        used, budget = self.outbox[stream].usage.used_bytes, self.outbox.budget_of(stream)
        pressed = self.outbox.admission(stream) is Admission.REFUSE or used > budget * 0.9
        if pressed != (stream in self._pressed):
            self._pressed ^= {stream}
            fact = OutboxPressure(stream=stream.value, used_bytes=used, budget_bytes=budget, relieved=not pressed)
            self._entries.put_nowait(_Entry((fact,)))

    async def _watch_clock(self) -> None:
        """Date this boot as soon as the time is known: what was captured before gets its time from it."""
        while not self._boot_dated:
            if self.clock.synchronised():
                anchor_ms = self.outbox.anchor_boot()
                fact = ClockSynchronised(boot_id=self.clock.boot_id, wall_ms_at_boot=anchor_ms)
                self._entries.put_nowait(_Entry((fact,)))
                self._boot_dated = True
            await asyncio.sleep(CLOCK_S)
        await asyncio.Event().wait()  # Nothing more to do, and no reason to end.


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
