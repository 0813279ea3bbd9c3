"""A feedback as a page and its script are told it: a word, a shape, a colour and a sound all say the same."""

from __future__ import annotations

from typing import Any, Final

from onebook_edge.capture.dialogue_texts import Feedback, FeedbackKind
from onebook_edge.console.texts import Texts

SHAPES: Final = {
    FeedbackKind.OK: "✓",
    FeedbackKind.ASK: "?",
    FeedbackKind.WARN: "!",
    FeedbackKind.REFUSED: "✕",
}
"""So that nobody needs to tell colours apart."""


def as_data(said: Feedback, number: int | None, texts: Texts) -> dict[str, Any]:
    """`number` is that of the board; None for what only this screen is told."""
    is_recorded = said.code == "recorded"
    return {
        "number": number,
        "kind": "recorded" if is_recorded else str(said.kind),
        "code": said.code,
        "word": texts("word_recorded") if is_recorded else texts(f"word_{said.kind}"),
        "shape": "✓✓" if is_recorded else SHAPES[said.kind],
        "text": texts.of(said),
        "sound": str(said.sound),
    }
