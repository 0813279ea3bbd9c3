"""A shift: carries out, in real time and at real ports, what the scenario says people do.

An operation is done act by act. Before each act the people make sure that somebody hears their scanner; when whoever heard it
was gone by the end of the act (killed, restarted, unplugged), the act is done again. With a `hearing` they go on when the work
place has answered, however long that takes, and do again only what it has not heard. Without one they trust in time, and what an
edge did with the last act before it was killed is a guess: that does no harm, because every scan may be repeated but UNDO, after
which the whole sheet is filled in again, and at that point it holds no lines yet. What CONFIRM does to the goods happens once,
and is written into the truth log there and then.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from decimal import Decimal

from onebook_firmware_sim.clock import china_hour
from onebook_firmware_sim.devices.serial_scanner import CodePresented
from onebook_firmware_sim.goods import Code
from onebook_firmware_sim.hearing import Hearing, Memory
from onebook_firmware_sim.listening import Listener
from onebook_firmware_sim.scenario import Operation
from onebook_firmware_sim.site import SimulatedSite
from onebook_firmware_sim.staff import (
    UNDO,
    Act,
    Confirm,
    Disturb,
    Heat,
    Lose,
    PullPlug,
    PutOnScale,
    Scan,
    ShowTags,
    asked_for,
    carry_out,
    command,
    truth_of,
    truth_of_loss,
)
from onebook_firmware_sim.truth import Tag
from onebook_firmware_sim.truth_log import TruthLog
from onebook_schemas.labels import Command

_BREATH_S = 1.0
_LOOK_S = 0.1
_LISTEN_S = 0.02
_PATIENCE_S = 10.0  # No answer for so long: do it again, unless twice would be something else.
_ASKED_AFTER_S = 0.5  # CONFIRM is not being booked after so long: something is asked first.
_BETWEEN_SCANS_S = (1.2, 3.5)
_BETWEEN_OPERATIONS_S = (20.0, 90.0)
_PUTTING_DOWN_S = 0.4
_LINE_EMPTY_S = 1.0  # What was scanned before has gone down the line; half a code is the scanner's test, not ours.
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast people work. `speed` shortens what people take their time for; the rest is what devices and an edge need."""

    speed: float = 1.0
    least_gap_s: float = 0.15
    booking_s: float = 1.2  # After CONFIRM, until the edge has it on its disk.
    settling_s: float = 3.0  # Until an edge has taken a weight over.
    tags_s: float = 4.0  # Until an edge has taken tags over,
    tags_gone_s: float = 6.0  # and until it believes that they have gone.
    reopened_s: float = 2.0  # After somebody listens again.

    def shortened(self, seconds: float) -> float:
        return max(seconds / self.speed, self.least_gap_s)


class Shift:
    """`operations` without end; `wall_ms` asks for the time; `dice` are only for how long people take."""

    def __init__(
        self,
        site: SimulatedSite,
        operations: Iterator[Operation],
        truth: TruthLog,
        *,
        listener: Listener,
        hearing: Hearing | None = None,
        pace: Pace,
        wall_ms: Callable[[], int],
        dice: random.Random,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.stopped_cleanly = False
        self._site = site
        self._operations = operations
        self._truth = truth
        self._listener = listener
        self._hearing = hearing
        self._pace = pace
        self._wall_ms = wall_ms
        self._dice = dice
        self._number = 0
        self._confirmed: Confirm | None = None
        self._tags_left_at: dict[str, float] = {}
        self._beside: set[asyncio.Task[None]] = set()

    async def work(self, stop: asyncio.Event, *, finish_within_s: float = 60.0) -> None:
        """Work until told to stop. The operation that was begun is finished first, if it can be in time."""
        work, air = asyncio.create_task(self._work(stop)), asyncio.create_task(self._breathe())
        told = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait_for(work, finish_within_s)
            self.stopped_cleanly = True
        except TimeoutError:
            self.counts["operations left half done"] += 1
        finally:
            await _cancelled(work, air, told, *self._beside)

    async def _work(self, stop: asyncio.Event) -> None:
        for operation in self._operations:
            if not await self._may_begin(stop):
                return
            await self._perform(operation)
            self.counts[operation.name] += 1
            rest_s = self._pace.shortened(self._dice.uniform(*_BETWEEN_OPERATIONS_S))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), rest_s)

    async def _may_begin(self, stop: asyncio.Event) -> bool:
        """Whether to begin another operation; waits until somebody listens."""
        if self._listener() is None and not stop.is_set():
            heard, told = asyncio.create_task(self._until_heard()), asyncio.create_task(stop.wait())
            await asyncio.wait({heard, told}, return_when=asyncio.FIRST_COMPLETED)
            await _cancelled(heard, told)
        return not stop.is_set()

    # Acts -----------------------------------------------------------------------------------------------------------

    async def _perform(self, operation: Operation) -> None:
        acts, position, asked = list(operation.acts), 0, 0
        while position < len(acts):
            act = acts[position]
            if isinstance(act, Lose | PullPlug | Heat | Disturb):
                await self._befall(act)
                position += 1
                continue
            await self._until_heard(act)
            listener, before = self._listener(), self._hearing() if self._hearing else None
            await self._do(act)
            is_done = self._listener() == listener if before is None else await self._is_heard(act, before, listener)
            if is_done:
                position += 1
                continue
            self.counts["acts done again"] += 1
            if act == UNDO and before is None:
                position = 0
            elif isinstance(act, Confirm) and self._hearing and self._listener() == listener:
                more = asked_for(act.sheet, self._hearing().again, asked)
                acts[position:position] = more
                asked += 1
                self.counts["questions answered"] += bool(more)

    async def _is_heard(self, act: Act, before: Memory, listener: str | None) -> bool:
        """Wait for the answer; False: do it again, the listener has gone without it or says nothing."""
        assert self._hearing is not None, "there was something heard before"
        asked_at = asyncio.get_running_loop().time()
        while not _answers(act, before, now := self._hearing()):
            patience_s = _ASKED_AFTER_S if isinstance(act, Confirm) and not now.is_booking else _PATIENCE_S
            is_patient = act == UNDO or asyncio.get_running_loop().time() - asked_at < patience_s
            if self._listener() != listener or not is_patient:
                return _answers(act, before, self._hearing())
            await asyncio.sleep(_LISTEN_S)
        return True

    async def _do(self, act: Act) -> None:
        match act:
            case Scan(code, sights):
                self._present(code, sights)
                await asyncio.sleep(self._pace.shortened(self._dice.uniform(*_BETWEEN_SCANS_S)))
            case Confirm():
                self._present(command(Command.CONFIRM).code)
                self._settle(act)
                await asyncio.sleep(max(self._pace.booking_s, self._pace.shortened(_BETWEEN_SCANS_S[1])))
            case PutOnScale(kg):
                await self._weigh(kg)
            case ShowTags(epcs):
                await self._show(epcs)

    def _present(self, code: Code, sights: int = 1) -> None:
        self._site.scanner.tell(CodePresented(code.text, code.aim, sights))
        self.counts["scans"] += 1

    def _settle(self, act: Confirm) -> None:
        """What CONFIRM means to goods and truth, once."""
        if act is self._confirmed:
            return
        self._confirmed = act
        carry_out(act.sheet, self._site.warehouse)
        self._number += 1
        self._truth.write(truth_of(act.sheet, self._number, self._wall_ms()))

    async def _weigh(self, kg: Decimal) -> None:
        load = self._site.warehouse.load
        load.kg, load.moving = kg, True
        await asyncio.sleep(_PUTTING_DOWN_S)
        load.moving = False
        if kg:
            await asyncio.sleep(max(self._pace.settling_s, self._pace.shortened(_BETWEEN_SCANS_S[1])))

    async def _show(self, epcs: tuple[str, ...]) -> None:
        field, loop = self._site.warehouse.field, asyncio.get_running_loop()
        for epc in set(field.tags).difference(epcs):
            field.leave(epc)
            self._tags_left_at[epc] = loop.time()
        # Tags that come back too soon have never gone, as a reader sees it.
        gone_at = max((self._tags_left_at.get(epc, 0.0) for epc in epcs), default=0.0) + self._pace.tags_gone_s
        await asyncio.sleep(gone_at - loop.time())
        for epc in epcs:
            field.enter(Tag(epc, rssi_dbm=self._dice.randint(-62, -45)))
        if epcs:
            await asyncio.sleep(max(self._pace.tags_s, self._pace.shortened(_BETWEEN_SCANS_S[1])))

    async def _until_heard(self, act: Act | None = None) -> None:
        """Wait until somebody listens. Who scans into a pulled plug hears no beep, and waits."""
        if self._listener() is not None:
            return
        if isinstance(act, Scan) and not self._site.scanner_link.is_symlink():
            self._present(act.code)
            self.counts["scans that nobody heard"] += 1
        while self._listener() is None:  # noqa: ASYNC110 - nobody tells when another program opens a port.
            await asyncio.sleep(_LOOK_S)
        await asyncio.sleep(self._pace.reopened_s)

    # What goes on beside work ----------------------------------------------------------------------------------------

    async def _befall(self, act: Lose | PullPlug | Heat | Disturb) -> None:
        match act:
            case Lose(bin_name, line):
                self._site.warehouse.take(bin_name, line.goods, line.quantity, line.serials)
                self._number += 1
                self._truth.write([truth_of_loss(act, self._number, self._wall_ms())])
            case PullPlug(for_s):
                await asyncio.sleep(_LINE_EMPTY_S)
                await self._site.scanner.unplug()
                self._start(self._replug(for_s))
            case Heat(zone, by_c, for_s):
                self._start(self._heat(zone, by_c, for_s))
            case Disturb(for_s):
                self._start(self._disturb(for_s))

    def _start(self, happening: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(happening)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _replug(self, after_s: float) -> None:
        try:
            await asyncio.sleep(self._pace.shortened(after_s))
        finally:
            await self._site.scanner.replug()

    async def _heat(self, zone: str, by_c: float, for_s: float) -> None:
        self._site.warehouse.heat(zone, by_c)
        try:
            await asyncio.sleep(self._pace.shortened(for_s))
        finally:
            self._site.warehouse.heat(zone, 0)

    async def _disturb(self, for_s: float) -> None:
        self._site.disturb(noisy=True)
        try:
            await asyncio.sleep(self._pace.shortened(for_s))
        finally:
            self._site.disturb(noisy=False)

    async def _breathe(self) -> None:
        """The hour of the simulated day, which begins now and runs faster."""
        loop = asyncio.get_running_loop()
        began, first_hour = loop.time(), china_hour(self._wall_ms())
        while True:
            hours = (loop.time() - began) * self._pace.speed / _SECONDS_PER_HOUR
            self._site.warehouse.breathe(first_hour + hours)
            await asyncio.sleep(_BREATH_S)


def _answers(act: Act, before: Memory, now: Memory) -> bool:
    """Whether the work place has answered this act."""
    match act:
        case Scan() | ShowTags((_, *_)):
            return now.last_scan_ms != before.last_scan_ms and not now.is_booking
        case Confirm():
            return not now.sheet_steps and not now.is_booking
        case PutOnScale(kg) if kg:
            return now.weight not in ("", before.weight)
        case _:
            return True  # What is taken off the scale, or out of sight, is not answered.


async def _cancelled(*tasks: asyncio.Task[None] | asyncio.Task[bool]) -> None:
    """Ends tasks, and raises what went wrong in one of them."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result
