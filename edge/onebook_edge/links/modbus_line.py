"""One Modbus conversation at a time over one link, and silence where the protocol needs it.

RTU does not say to which request an answer belongs. So after every failure, and after bytes that came out of turn, the line
is left alone for `drain_ms` and what arrives meanwhile is thrown away. Left open: a device that answers later than
answer_timeout_ms + drain_ms can be misread once; its true answer then comes out of turn and puts the line in step again.
Modbus TCP numbers its transactions and needs none of this.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from onebook_edge.clock import Clock
from onebook_edge.device import RegisterRange
from onebook_edge.links import reasons
from onebook_edge.links.link import Link, LinkLost
from onebook_edge.links.modbus_frames import Fault, Framing, Registers, RtuFraming, TcpFraming
from onebook_edge.links.serial_link import SerialSettings
from onebook_edge.links.tcp_link import TcpSettings

_GAP_CHARACTERS = 3.5  # Silence between two frames (Modbus over Serial Line V1.02, 2.5.1.1);
_GAP_MS_MIN = 1.75  # the least, for rates above 19200.
_REQUEST_AND_FRAME_CHARACTERS = 13  # 8 of the request, 5 of the answer around its registers.
_DRAINS_MAX = 4  # A line that is never quiet is asked all the same: then the failure shows.


class ModbusLineSettings(BaseModel):
    """A line with Modbus devices, or a gateway to one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    link: SerialSettings | TcpSettings = Field(discriminator="kind", description="The port that leads to the devices.")
    framing: Literal["by_link", "rtu"] = Field(
        "by_link", description="by_link: Modbus RTU on a serial port, Modbus TCP on a TCP port; rtu: RTU on either."
    )
    answer_timeout_ms: int = Field(500, ge=10, description="How long a device may think; time on the wire is added.")
    drain_ms: int = Field(500, ge=10, description="Silence after a failure (rtu): more than answers are ever late.")
    silent_interval_s_max: int = Field(
        30, gt=0, description="Longest interval at which a silent device is tried again."
    )

    @property
    def is_rtu(self) -> bool:
        return self.framing == "rtu" or self.link.kind == "serial"


class ModbusLine:
    """Asks devices for registers. `heard_at` is when the last bytes came; `out_of_turn` hears of bytes nobody asked for."""

    def __init__(
        self, link: Link, settings: ModbusLineSettings, clock: Clock, *, out_of_turn: Callable[[], None]
    ) -> None:
        self._link = link
        self._is_rtu = settings.is_rtu
        self._framing = self._new_framing()
        self._clock = clock
        self._out_of_turn = out_of_turn
        self._where = settings.link.where
        self._character_ms = settings.link.character_ms if isinstance(settings.link, SerialSettings) else 0.0
        self._answer_timeout_ms = settings.answer_timeout_ms
        self._drain_ms = settings.drain_ms if self._is_rtu else 0
        # The clock tells whole milliseconds: one more makes sure that the gap is not cut short.
        self._gap_ms = math.ceil(max(_GAP_CHARACTERS * self._character_ms, _GAP_MS_MIN)) + 1 if self._is_rtu else 0
        self._quiet_until_ms = 0
        self.heard_at = clock.now()

    def opened(self) -> None:
        """A new connection begins with an empty stream."""
        self._framing = self._new_framing()

    async def ask(self, unit_id: int, wanted: RegisterRange) -> Registers | Fault:
        """One request and its answer, or what came instead. Raises LinkLost."""
        await self._keep_quiet()
        timeout_ms = self._answer_timeout_ms + self._wire_ms(wanted)
        # Counts as failed until the answer is there, so that a cancelled request is drained, too.
        self._quiet_until_ms = self._now_ms() + math.ceil(timeout_ms) + self._drain_ms
        self._link.write(self._framing.request(unit_id, wanted))
        answer = await self._answer(timeout_ms / 1000)
        if isinstance(answer, Fault) and answer.reason == "out-of-step":
            raise LinkLost(reasons.out_of_step(self._where))
        self._quiet_until_ms = self._now_ms() + (self._drain_ms if isinstance(answer, Fault) else self._gap_ms)
        return answer

    async def listen_until(self, at_ms: int) -> None:
        """Let time pass with an ear on the line. Raises LinkLost."""
        heard = False
        while (wait_ms := at_ms - self._now_ms()) > 0:
            try:
                async with asyncio.timeout(wait_ms / 1000):
                    data = await self._link.read()
            except TimeoutError:
                break
            heard = True
            self._quiet_until_ms = max(self._quiet_until_ms, self._now_ms() + self._drain_ms)
            if not self._is_rtu:
                self._framing.receive(data)  # Keeps the stream in step.
        if heard:
            self._out_of_turn()

    async def _keep_quiet(self) -> None:
        latest_ms = self._now_ms() + _DRAINS_MAX * self._drain_ms
        while self._now_ms() < (until_ms := min(self._quiet_until_ms, latest_ms)):
            await self.listen_until(until_ms)

    async def _answer(self, timeout_s: float) -> Registers | Fault:
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    data = await self._link.read()
                    self.heard_at = self._clock.now()
                    answer = self._framing.receive(data)
                    if answer is not None:
                        return answer
        except TimeoutError:
            return self._framing.give_up()

    def _wire_ms(self, wanted: RegisterRange) -> float:
        return (_REQUEST_AND_FRAME_CHARACTERS + 2 * wanted.count) * self._character_ms

    def _new_framing(self) -> Framing:
        return RtuFraming() if self._is_rtu else TcpFraming()

    def _now_ms(self) -> int:
        return self._clock.now().monotonic_ms
