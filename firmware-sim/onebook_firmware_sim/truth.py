"""The physical truth that devices observe. A scenario changes it; a device looks at it whenever it measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

_MS_PER_HOUR = 3_600_000


@dataclass(slots=True)
class LoadOnScale:
    """What lies on a scale. `moving`: it is being put down, lifted or leaned upon, so no scale can settle."""

    kg: Decimal = Decimal(0)
    moving: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A UHF tag as an antenna sees it: `epc` in hex (whole 16-bit words), signal in dBm.

    `pc` is the protocol-control word. None: made from the length of the EPC, all flags clear.
    """

    epc: str
    rssi_dbm: int = -55
    pc: int | None = None


@dataclass(slots=True)
class AntennaField:
    """The tags before an antenna, by EPC. A tag that enters again has moved: its signal is the new one."""

    tags: dict[str, Tag] = field(default_factory=dict)

    def enter(self, tag: Tag) -> None:
        self.tags[tag.epc] = tag

    def leave(self, epc: str) -> None:
        """KeyError when the tag is not in the field: the scenario is wrong."""
        del self.tags[epc]


@dataclass(slots=True)
class Climate:
    """The air of one storage zone."""

    temperature_c: Decimal
    humidity_rh: Decimal


class Drift:
    """A measuring error that grows steadily from the first look on, in the measured unit per hour."""

    def __init__(self, per_hour: Decimal) -> None:
        self._per_hour = per_hour
        self._since_ms: int | None = None

    def error(self, now_ms: int) -> Decimal:
        if self._since_ms is None:
            self._since_ms = now_ms
        return self._per_hour * (now_ms - self._since_ms) / _MS_PER_HOUR
