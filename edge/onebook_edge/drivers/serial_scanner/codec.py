"""What a scanner sends for one code: `[prefix] text`, its suffix already cut off."""

from __future__ import annotations

import re
from collections.abc import Mapping

from onebook_edge.device import Faulted
from onebook_edge.drivers.serial_scanner.settings import SerialScannerSettings, Suffix

GS = "\x1d"

ENDS: Mapping[Suffix, re.Pattern[bytes] | None] = {
    "CR": re.compile(rb"\r"),
    "LF": re.compile(rb"\n"),
    "CRLF": re.compile(rb"\r\n"),
    "CR|LF|CRLF": re.compile(rb"[\r\n]"),
    "TAB": re.compile(rb"\t"),
    "ETX": re.compile(rb"\x03"),
    "none": None,
}


def code_in(line: bytes, prefix: str) -> list[bytes | Faulted]:
    """The code behind the prefix, if there is one. What stands before the prefix is noise.

    A prefix that is a control character begins a new code wherever it comes; the one before it was cut off.
    """
    # A scanner set to CRLF on a port set to CR leaves an LF before the next code.
    line = line.strip(b"\r\n")
    if not line:
        return []
    if not prefix:
        return [line]
    _, *codes = line.split(prefix.encode(), 1 if prefix.isprintable() else -1)
    if not codes:
        return [_truncated(line)]
    return [*map(_truncated, codes[:-1]), codes[-1]]


def text_of(code: bytes, settings: SerialScannerSettings) -> str | Faulted:
    """The text of a code, strictly decoded."""
    try:
        text = code.decode(settings.encoding)
    except UnicodeDecodeError:
        return Faulted("bad-encoding", f"not {settings.encoding}: {code[:40].hex()}")
    return text.replace(settings.gs_substitute, GS) if settings.gs_substitute else text


def _truncated(code: bytes) -> Faulted:
    return Faulted("truncated", code[:40].hex())
