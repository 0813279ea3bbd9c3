"""The production agent with two drivers that no box has: one that hangs when it hears HANG, one whose runner raises.

`python -m tests.integration.ailing_edge --config FILE`
"""

from __future__ import annotations

import sys
import time

from onebook_edge import catalog
from onebook_edge.catalog import DriverEntry
from onebook_edge.cli import main
from onebook_edge.device import DriverInput, DriverOutput, Received
from onebook_edge.drivers.serial_scanner.driver import SerialScanner
from onebook_edge.drivers.serial_scanner.settings import SerialScannerSettings
from onebook_edge.machine import Instant


class Ailing(SerialScanner):
    """Hangs, or makes its runner raise: an output that is no output at all breaks it outside of the driver's guard."""

    def handle(self, message: DriverInput, now: Instant) -> list[DriverOutput]:
        if isinstance(message, Received) and b"HANG" in message.data:
            while True:
                time.sleep(1)
        if isinstance(message, Received) and b"RAISE" in message.data:
            raise SystemError("a bug of ours") from None
        return super().handle(message, now)

    def wakeup_at(self) -> int | None:
        return "never" if self._is_bad else super().wakeup_at()  # type: ignore[return-value]

    _is_bad = False


class Unpunctual(Ailing):
    """Asks to be woken at a time that is none: the runner raises, again and again."""

    _is_bad = True


catalog.DRIVERS["ailing"] = DriverEntry("bytes", SerialScannerSettings, Ailing)  # type: ignore[index]
catalog.DRIVERS["unpunctual"] = DriverEntry("bytes", SerialScannerSettings, Unpunctual)  # type: ignore[index]

if __name__ == "__main__":
    sys.exit(main(["run", *sys.argv[1:]]))
