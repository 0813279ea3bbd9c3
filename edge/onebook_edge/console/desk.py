"""What the pages may use of the box: the middle of the data path, and what is known of devices, line and disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from onebook_edge.capture.scan_dialogue import ScanDialogue
from onebook_edge.capture.settings import CaptureSettings
from onebook_edge.clock import Clock
from onebook_edge.console.board import Board
from onebook_edge.console.visits import Visits
from onebook_edge.outbox.retention import Admission
from onebook_edge.recorder import Recorder
from onebook_edge.reference.library import Library
from onebook_schemas.uplink import Stream


@dataclass(slots=True)
class Desk:
    """One for each life of the console."""

    edge_id: str
    recorder: Recorder
    capture: CaptureSettings
    clock: Clock
    library: Library
    is_connected: Callable[[], bool]  # To the broker.
    board: Board = field(init=False)
    visits: Visits = field(init=False)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        now = self.clock.now()
        self.board = Board(self.dialogues, now.wall_ms)
        self.visits = Visits()
        self.recorder.on_feedback = self.board.hear

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

    def name_of(self, badge: str) -> str:
        """The person's name; the badge itself while the list of people was not received."""
        people = self.library.people.people if self.library.people else ()
        return next((one.name for one in people if one.badge == badge), badge)
