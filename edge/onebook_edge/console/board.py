"""What the work places said last, for every page that is open: each feedback has a number, and a page asks for what is newer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from onebook_edge.capture.dialogue_texts import NOTE_RECORDED, Feedback

KEPT_MAX = 50  # Of each work place: a page that lost the line for a moment hears what it missed.


@dataclass(frozen=True, slots=True)
class Note:
    """`number` only ever goes up, over a restart too."""

    number: int
    feedback: Feedback


class Board:
    """`first` is a number above those of every earlier life: the time in ms will do."""

    def __init__(self, work_places: Iterable[str], first: int) -> None:
        self._number = first
        self._notes: dict[str, deque[Note]] = {place: deque(maxlen=KEPT_MAX) for place in work_places}
        self._news = asyncio.Event()

    def hear(self, work_place: str, feedback: Feedback) -> None:
        if feedback.code == NOTE_RECORDED.code:
            return  # It changes nothing, and would wipe out the warning that the code was not counted.
        self._number += 1
        self._notes[work_place].append(Note(self._number, feedback))
        self.stir()

    def stir(self) -> None:
        """Something else than a work place has changed: let the pages look."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def last(self, work_place: str) -> Note | None:
        return next(reversed(self._notes[work_place]), None)

    def newer(self, work_place: str, than: int) -> list[Note]:
        return [note for note in self._notes[work_place] if note.number > than]

    @property
    def number(self) -> int:
        """That of the newest note of all."""
        return self._number

    async def wait(self, timeout_s: float) -> None:
        """Until anything is said at any work place, or the time is up."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return
