"""The edge's side of the uplink. Pure: decides what to send, when to send it again, and when something is delivered.

Theory of operation. Each stream is a lane with one upload in flight, which removes reordering from the world. A lane is

  idle       nothing to send; now and then a probe (an upload without events) asks for the collector's cursor, since an edge
             that never speaks would never learn that the collector was restored from a backup;
  loading    the runner was asked for events behind `delivered`;
  in flight  an upload was published; the same bytes are published again after a time-out and after each reconnect.

Only an ack that answers the upload in flight (same epoch, stream and first sequence) is heard; it carries the collector's cursor:

  at or beyond the upload's end    delivered; go on behind the cursor;
  inside the upload                delivered so far; load anew from there;
  just before the upload           nothing new was stored: stay, the timer sends it again;
  further back                     the collector was restored: step back, the outbox keeps delivered events for this;
  beyond what this outbox holds    the outbox is an old copy of itself: its numbers are used up, it needs a new epoch.

An older ack that arrives late can therefore neither advance nor rewind a lane. The lanes are independent but for the pace
that the collector asks for: while it does, three journal uploads go before one of telemetry.

Not handled here: what is kept and for how long (outbox/retention.py), the live topic (runner.py).
"""

from __future__ import annotations

import enum
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from onebook_edge.machine import Instant, Woken
from onebook_edge.outbox.store import StoredEvent
from onebook_schemas.chain import HashAlgorithm
from onebook_schemas.uplink import Ack, Stream, Upload, UploadHeader

JOURNAL_TURNS = 3  # Paced uploads of the journal before one of telemetry.


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Times in milliseconds. The defaults keep the recovery from a silent hole under five seconds."""

    resend_ms_min: int = 2_000
    resend_ms_max: int = 8_000
    reconnect_after_ms: int = 6_000  # No answer for so long: the line may be swallowing everything.
    probe_ms: int = 30_000
    upload_events_max: int = 500


# Takes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker accepted the connection."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is gone."""


@dataclass(frozen=True, slots=True)
class Appended:
    """The outbox has committed events through this sequence."""

    stream: Stream
    through: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """The events behind `after`, consecutive; `chain_before` is h(after), journal only. Empty: there are none."""

    stream: Stream
    after: int
    events: tuple[StoredEvent, ...]
    chain_before: bytes | None = None
    boot_anchors: Mapping[str, int] = field(default_factory=dict)
    algorithm: HashAlgorithm = HashAlgorithm.SHA256  # Of the chain.


@dataclass(frozen=True, slots=True)
class AckReceived:
    ack: Ack


UplinkInput: TypeAlias = Connected | Disconnected | Appended | Loaded | AckReceived | Woken


# Gives ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """Ask the outbox for the events behind `after` (and for the chain hash there); answer with Loaded."""

    stream: Stream
    after: int
    events_max: int


@dataclass(frozen=True, slots=True)
class Publish:
    upload: Upload


@dataclass(frozen=True, slots=True)
class MarkDelivered:
    """The collector holds everything through this sequence. May be lower than before: the collector was restored."""

    stream: Stream
    through: int
    rewound: bool = False


class HaltReason(enum.StrEnum):
    OUTBOX_IS_OLD_COPY = "outbox_is_old_copy"  # The collector holds more of this epoch than the outbox does.
    HISTORY_GONE = "history_gone"  # The collector asks for events that the outbox no longer keeps.


@dataclass(frozen=True, slots=True)
class Halted:
    """This stream of this epoch cannot go on. An old copy needs a new epoch; a gap in history needs a person."""

    stream: Stream
    reason: HaltReason
    accepted_through: int


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Nothing answers although the connection stands: give it up."""


UplinkOutput: TypeAlias = Load | Publish | MarkDelivered | Halted | Reconnect


@dataclass(slots=True)
class _Lane:
    stream: Stream
    epoch: str
    last: int  # Highest sequence that the outbox has committed.
    delivered: int  # The collector's cursor as far as we know it.
    in_flight: Upload | None = None
    loading: int | None = None  # Events asked of the outbox; 0 for a probe.
    halted: bool = False
    sends: int = 0
    unanswered_since: int | None = None  # Monotonic ms of the first sending on this connection.
    due_at: int | None = None  # Send again, or probe.


class UplinkMachine:
    """Built from what the outbox has on disk: (epoch, last sequence, delivered through) per stream."""

    def __init__(
        self,
        edge_id: str,
        positions: Mapping[Stream, tuple[str, int, int]],
        settings: UplinkSettings = UplinkSettings(),
    ) -> None:
        self._edge_id = edge_id
        self._settings = settings
        self._lanes = {stream: _Lane(stream, *position) for stream, position in positions.items()}
        self._connected = False
        self._pace_ms = 0
        self._events_max = settings.upload_events_max
        self._next_turn_at = 0  # Paced: no new upload before.
        self._journal_turns = 0

    def handle(self, message: UplinkInput, now: Instant) -> list[UplinkOutput]:
        """Take one message; give what the runner shall do, in order."""
        now_ms = now.monotonic_ms
        match message:
            case Connected():
                return self._connect(now_ms)
            case Disconnected():
                self._connected = False
                for lane in self._lanes.values():
                    lane.due_at = lane.unanswered_since = None
                return []
            case Appended(stream, through):
                self._lanes[stream].last = max(self._lanes[stream].last, through)
                return self._start(now_ms)
            case Loaded():
                return self._take_loaded(self._lanes[message.stream], message, now_ms)
            case AckReceived(ack):
                return self._take_ack(ack, now_ms)
            case Woken():
                return self._wake(now_ms)

    def wakeup_at(self) -> int | None:
        due = [lane.due_at for lane in self._lanes.values() if lane.due_at is not None]
        if self._connected and any(self._has_work(lane) for lane in self._lanes.values()):
            due.append(self._next_turn_at)
        return min(due, default=None)

    def delivered_through(self, stream: Stream) -> int:
        return self._lanes[stream].delivered

    def protected_through(self, stream: Stream) -> int:
        """Events up to here are in flight: thinning leaves them alone."""
        lane = self._lanes[stream]
        return lane.in_flight.header.last_sequence if lane.in_flight else lane.delivered

    # Sending ----------------------------------------------------------------------------------------------------

    def _connect(self, now_ms: int) -> list[UplinkOutput]:
        self._connected = True
        outputs: list[UplinkOutput] = []
        for lane in self._lanes.values():
            if lane.in_flight is not None:
                lane.sends = 0
                outputs.extend(self._publish(lane, now_ms))
        outputs.extend(self._start(now_ms))
        for lane in self._lanes.values():
            if lane.in_flight is None and lane.loading is None and not lane.halted:
                outputs.append(self._load(lane, 0))  # A probe: is the collector where we believe?
        return outputs

    def _start(self, now_ms: int) -> list[UplinkOutput]:
        """Begin whatever may begin now: every lane at once, or one lane per turn while the collector asks for a pace."""
        outputs: list[UplinkOutput] = []
        while self._connected and now_ms >= self._next_turn_at:
            lane = self._whose_turn()
            if lane is None:
                break
            lane.in_flight = None  # A probe that waits for its answer is overtaken by real events.
            outputs.append(self._load(lane, self._events_max))
            if self._pace_ms:
                self._next_turn_at = now_ms + self._pace_ms
        return outputs

    def _whose_turn(self) -> _Lane | None:
        ready = [lane for lane in self._lanes.values() if self._has_work(lane)]
        journal = next((lane for lane in ready if lane.stream is Stream.JOURNAL), None)
        other = next((lane for lane in ready if lane.stream is not Stream.JOURNAL), None)
        if journal is not None and (other is None or self._journal_turns < JOURNAL_TURNS):
            self._journal_turns += 1
            return journal
        self._journal_turns = 0
        return other or journal

    def _has_work(self, lane: _Lane) -> bool:
        busy = lane.loading is not None or lane.halted or (lane.in_flight is not None and not lane.in_flight.is_probe)
        return not busy and lane.last > lane.delivered

    def _load(self, lane: _Lane, events_max: int) -> Load:
        lane.loading = events_max
        return Load(lane.stream, lane.delivered, events_max)

    def _take_loaded(self, lane: _Lane, loaded: Loaded, now_ms: int) -> list[UplinkOutput]:
        asked, lane.loading = lane.loading, None
        if loaded.after != lane.delivered or lane.halted:
            return self._start(now_ms)  # The lane has moved meanwhile.
        events = loaded.events
        if events and not _continues(loaded):
            return [self._halt(lane, HaltReason.HISTORY_GONE, loaded.after)]
        if asked and not events:
            lane.last = loaded.after  # What we were told of lies in an epoch that was put aside meanwhile.
        first = events[0].sequence if events else loaded.after + 1  # A thinned event may begin before the cursor.
        last = events[-1].through if events else loaded.after
        lane.last = max(lane.last, last)  # The outbox may be ahead of what it has told us.
        chain_after = events[-1].chain_hash if events else None
        header = UploadHeader(
            edge_id=self._edge_id,
            epoch=lane.epoch,
            stream=lane.stream,
            first_sequence=first,
            last_sequence=last,
            waiting=lane.last - last,
            chain_before=loaded.chain_before.hex() if loaded.chain_before else None,
            chain_after=chain_after.hex() if chain_after else None,
            boot_anchors=dict(loaded.boot_anchors),
            hash_algorithm=loaded.algorithm,
        )
        lane.in_flight = Upload(header, tuple(event.body for event in events))
        lane.sends = 0
        lane.unanswered_since = None
        return self._publish(lane, now_ms)

    def _publish(self, lane: _Lane, now_ms: int) -> list[UplinkOutput]:
        if not self._connected or lane.in_flight is None:
            return []
        lane.sends += 1
        if lane.unanswered_since is None:
            lane.unanswered_since = now_ms
        lane.due_at = now_ms + self._spread(lane, min(self._settings.resend_ms_min << (lane.sends - 1), 1 << 40))
        return [Publish(lane.in_flight)]

    def _spread(self, lane: _Lane, delay_ms: int) -> int:
        """A delay that differs from edge to edge and from try to try, by up to a quarter, without rolling dice."""
        delay_ms = min(delay_ms, self._settings.resend_ms_max)
        seed = zlib.crc32(f"{self._edge_id}/{lane.stream}/{lane.sends}/{lane.delivered}".encode())
        return delay_ms - delay_ms * (seed % 256) // 1024

    # Hearing ----------------------------------------------------------------------------------------------------

    def _take_ack(self, ack: Ack, now_ms: int) -> list[UplinkOutput]:
        lane = self._lanes.get(ack.stream)
        if lane is None or lane.halted or ack.epoch != lane.epoch:
            return []
        if lane.in_flight is None or ack.first_sequence != lane.in_flight.header.first_sequence:
            return []
        lane.unanswered_since = None
        self._pace_ms = ack.pace_ms
        self._next_turn_at = now_ms + ack.pace_ms
        self._events_max = min(
            ack.upload_events_max or self._settings.upload_events_max, self._settings.upload_events_max
        )
        before = lane.in_flight.header.first_sequence - 1
        if ack.accepted_through > lane.last:
            return [self._halt(lane, HaltReason.OUTBOX_IS_OLD_COPY, ack.accepted_through)]
        if ack.accepted_through == before and not lane.in_flight.is_probe:
            return []
        outputs: list[UplinkOutput] = []
        if ack.accepted_through != lane.delivered:
            outputs.append(
                MarkDelivered(lane.stream, ack.accepted_through, rewound=ack.accepted_through < lane.delivered)
            )
            lane.delivered = ack.accepted_through
        lane.in_flight = None
        lane.due_at = now_ms + self._probe_delay(lane)
        return outputs + self._start(now_ms)

    def _halt(self, lane: _Lane, reason: HaltReason, accepted_through: int) -> Halted:
        lane.halted, lane.in_flight, lane.due_at = True, None, None
        return Halted(lane.stream, reason, accepted_through)

    def _probe_delay(self, lane: _Lane) -> int:
        seed = zlib.crc32(f"{self._edge_id}/{lane.stream}/probe".encode())
        return self._settings.probe_ms - self._settings.probe_ms * (seed % 256) // 1024

    def _wake(self, now_ms: int) -> list[UplinkOutput]:
        outputs = self._start(now_ms)
        for lane in self._lanes.values():
            if lane.due_at is None or now_ms < lane.due_at or not self._connected:
                continue
            if lane.in_flight is not None:
                if self._gives_up(lane, now_ms):
                    return [*outputs, Reconnect()]
                outputs.extend(self._publish(lane, now_ms))
            elif lane.loading is None and not lane.halted:
                lane.due_at = None
                outputs.append(self._load(lane, 0))
            else:
                lane.due_at = None
        return outputs

    def _gives_up(self, lane: _Lane, now_ms: int) -> bool:
        since = lane.unanswered_since
        if since is None or now_ms - since < self._settings.reconnect_after_ms:
            return False
        lane.unanswered_since = None
        lane.due_at = now_ms + self._settings.resend_ms_max
        return True


def _continues(loaded: Loaded) -> bool:
    """Whether these events go on where the cursor is, and the journal's hash there is known."""
    known = loaded.stream is not Stream.JOURNAL or loaded.chain_before is not None
    return loaded.events[0].sequence <= loaded.after + 1 and known
