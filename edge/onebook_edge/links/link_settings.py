"""Which link a byte device hangs on."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from onebook_edge.links.link import Link
from onebook_edge.links.replay_link import ReplayLink, ReplaySettings
from onebook_edge.links.serial_link import SerialLink, SerialSettings
from onebook_edge.links.tcp_link import TcpLink, TcpSettings

LinkSettings: TypeAlias = Annotated[SerialSettings | TcpSettings | ReplaySettings, Field(discriminator="kind")]


def build_link(settings: LinkSettings) -> Link:
    match settings:
        case SerialSettings():
            return SerialLink(settings)
        case TcpSettings():
            return TcpLink(settings)
        case ReplaySettings():
            return ReplayLink(settings)
