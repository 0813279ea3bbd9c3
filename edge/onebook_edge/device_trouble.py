"""What the centre hears of devices whose part keeps failing: the trouble once, not each new beginning."""

from __future__ import annotations

from collections.abc import Sequence

from onebook_edge.clock import Clock
from onebook_edge.device import Faulted, Observed
from onebook_edge.links import reasons
from onebook_edge.links.device_status import Availability, DeviceState, Sink


class DeviceTrouble:
    """Stands between devices and the recorder. Readings pass; while their part is troubled, states wait."""

    def __init__(self, device_ids: Sequence[str], sink: Sink, clock: Clock) -> None:
        self._device_ids, self._sink, self._clock = device_ids, sink, clock
        self._is_troubled = False
        self._held: dict[str, DeviceState] = {}

    def hear(self, output: Observed | Faulted | DeviceState) -> None:
        if self._is_troubled and isinstance(output, DeviceState):
            self._held[output.device_id] = output
        else:
            self._sink(output)

    def begin(self) -> None:
        """The part has failed and is begun anew from now on."""
        self._is_troubled = True
        now = self._clock.now()
        for device_id in self._device_ids:
            self._sink(DeviceState(device_id, Availability.UNAVAILABLE, reasons.driver_bug(), now))

    def end(self) -> None:
        """The part runs steadily again: tell how its devices stand now."""
        self._is_troubled = False
        for state in self._held.values():
            self._sink(state)
        self._held.clear()
