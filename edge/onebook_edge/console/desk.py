"""What the pages may use of the box: the middle of the data path, and what is known of devices, line and disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from onebook_edge.archive.archive import PaperArchive
from onebook_edge.capture.scan_dialogue import ScanDialogue
from onebook_edge.capture.settings import CaptureSettings
from onebook_edge.clock import Clock
from onebook_edge.console.alarms import Alarms
from onebook_edge.console.board import Board
from onebook_edge.console.climate_memory import ClimateMemory
from onebook_edge.console.gate_watch import GateWatch
from onebook_edge.console.journal_tally import JournalTally
from onebook_edge.console.photos import Photos
from onebook_edge.console.visits import Visits
from onebook_edge.console.zones import WatchedZone, zones_of
from onebook_edge.device import Measured
from onebook_edge.outbox.retention import Admission
from onebook_edge.recorder import Recorder
from onebook_edge.reference.library import Library
from onebook_schemas.reference import SiteRules
from onebook_schemas.uplink import Stream


class Expiring(Protocol):
    """So much of one lot in one bin, with the day on which it expires."""

    @property
    def bin(self) -> str: ...
    @property
    def item(self) -> str: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def unit(self) -> str: ...
    @property
    def lot_number(self) -> str | None: ...
    @property
    def expires_on(self) -> date | None: ...


class Stock(Protocol):
    """What lies where, as far as this box knows."""

    def expiring_by(self, day: date) -> Sequence[Expiring]:
        """Everything that expires on that day or before, the most urgent first; what is expired already too."""
        ...

    def place_of(self, item: str, serial: str) -> object | None:
        """Where a piece is; None when it is in no bin here, or was never seen."""
        ...


@dataclass(slots=True)
class Desk:
    """One for each life of the console."""

    edge_id: str
    recorder: Recorder
    capture: CaptureSettings
    clock: Clock
    library: Library
    devices: Sequence[str]
    archive: PaperArchive
    is_connected: Callable[[], bool]  # To the broker.
    is_enrolled: bool  # Whether this box has a certificate of the centre.
    photos: Photos
    stock: Callable[[], Stock | None] = lambda: None  # None: not received yet.
    climate: ClimateMemory = field(default_factory=ClimateMemory)
    alarms: Alarms = field(default_factory=Alarms)
    gate: GateWatch = field(default_factory=GateWatch)
    tally: JournalTally = field(default_factory=JournalTally)
    board: Board = field(init=False)
    visits: Visits = field(init=False)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        now = self.clock.now()
        self.board = Board(self.dialogues, now.wall_ms)
        self.visits = Visits()
        self.recorder.on_feedback = self.board.hear
        self.recorder.on_gate = lambda epc: self.gate.see(epc, self.clock.now().monotonic_ms)

    @property
    def dialogues(self) -> Mapping[str, ScanDialogue]:
        """By work place."""
        return self.recorder.pipeline.dialogues

    @property
    def idle_max_ms(self) -> int:
        """As long as the most patient dialogue waits before it signs somebody out."""
        return max((place.sign_out_after_s for place in self.capture.work_places.values()), default=900) * 1_000

    @property
    def is_full(self) -> bool:
        """Whether the outbox would refuse what is confirmed now."""
        return self.recorder.outbox.admission(Stream.JOURNAL) is Admission.REFUSE

    @property
    def readings(self) -> list[Measured]:
        """The latest of every probe and quantity."""
        return list(self.recorder.pipeline.measured)

    @property
    def zones(self) -> list[WatchedZone]:
        return zones_of(self.library.site, self.readings)

    @property
    def near_expiry_days(self) -> int:
        """How far the home screen looks ahead."""
        site = self.library.site
        days = (site.rules if site else SiteRules()).near_expiry_days
        return days[0] if days else 0

    def name_of(self, badge: str) -> str:
        """The person's name; the badge itself while the list of people was not received."""
        people = self.library.people.people if self.library.people else ()
        return next((one.name for one in people if one.badge == badge), badge)
