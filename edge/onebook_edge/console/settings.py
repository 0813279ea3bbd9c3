"""Where the keeper's pages are served. Imports no web library: a box without a console never loads one."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

HostName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?$")]


class ConsoleSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: str = Field(
        default="127.0.0.1",
        description="Address to listen on. 127.0.0.1: only the screen of this box; 0.0.0.0: handhelds too, who sign in.",
    )
    port: int = Field(default=8080, ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")
    names: tuple[HostName, ...] = Field(
        default=(),
        max_length=20,
        description="Host names under which the pages are called. Its addresses and localhost are always right.",
    )
