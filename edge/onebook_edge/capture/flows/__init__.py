"""Every action of the dialogue, by the command that begins it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from onebook_edge.capture.flow import Flow
from onebook_edge.capture.flows.correcting import Correct, Papers, Reverse
from onebook_edge.capture.flows.counting import Blind, Count
from onebook_edge.capture.flows.inspecting import Freeze, Inspect, Release
from onebook_edge.capture.flows.issuing import Dispose, Issue, Loan, Rotate
from onebook_edge.capture.flows.moving import Move
from onebook_edge.capture.flows.receiving import Donate, Receive, Recover, Refill
from onebook_edge.capture.flows.repacking import Repack
from onebook_schemas.labels import Command

_ALL: Final[tuple[Flow, ...]] = (
    Receive(),
    Issue(),
    Move(),
    Count(),
    Blind(),
    Donate(),
    Loan(),
    Recover(),
    Inspect(),
    Freeze(),
    Release(),
    Rotate(),
    Refill(),
    Dispose(),
    Repack(),
    Correct(),
    Papers(),
    Reverse(),
)
FLOWS: Final[Mapping[Command, Flow]] = {flow.command: flow for flow in _ALL}
"""In the order in which a screen offers them."""
