"""What a serial barcode scanner is told: how it was set up with its set-up barcodes."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Suffix = Literal["CR", "LF", "CRLF", "CR|LF|CRLF", "TAB", "ETX", "none"]


class SerialScannerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: str = Field(
        default="", max_length=8, description="What the scanner sends before each code, e.g. \\u0002 for STX."
    )
    suffix: Suffix = Field(
        default="CR|LF|CRLF", description="What the scanner sends after each code; with none, silence ends a code."
    )
    idle_timeout_ms: int = Field(
        default=50, ge=5, le=5_000, description="Silence that ends a code when there is no suffix; 30 to 100 suits USB."
    )
    no_read: str | None = Field(
        default=None, min_length=1, description="Text that a fixed-mount scanner sends when it saw no code, e.g. NR."
    )
    encoding: Literal["utf-8", "gb18030"] = Field(
        default="utf-8", description="Encoding of Chinese text in QR, Han Xin and Data Matrix codes."
    )
    gs_substitute: str | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="Character that the scanner sends instead of GS (1D); choose one that no code contains.",
    )
    duplicate_window_ms: int = Field(
        default=1_000,
        ge=0,
        le=60_000,
        description="The same code is not reported again until it was out of sight for this long; 0 reports each.",
    )
