"""Moved: the line between a warehouse and the centre is simulated by firmware-sim."""

from onebook_firmware_sim.line import Line, LineState

__all__ = ["Line", "LineState"]
