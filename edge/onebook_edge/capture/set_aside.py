"""Codes that the catalogue does not know: facts for a person at the centre, who can resolve them later. Nothing is made up."""

from __future__ import annotations

from collections.abc import Iterable

from onebook_edge.capture.dialogue_messages import NoteAdded
from onebook_edge.capture.scanned_code import short
from onebook_schemas.device_events import CodeSetAside


def set_aside(codes: Iterable[tuple[str, str]], device: str, actor: str) -> tuple[CodeSetAside, ...]:
    """`codes`: each text with the reason why nothing is known of it."""
    return tuple(CodeSetAside(text=short(text), reason=reason, device=device, actor=actor) for text, reason in codes)


def noted(text: str, added: NoteAdded, actor: str) -> CodeSetAside:
    """The code was set aside when it was read; what a person says of it is another fact about the same code."""
    note = short(added.note) or None
    return CodeSetAside(
        text=short(text), reason="noted", device=added.device, actor=actor, note=note, photo=added.photo
    )
