"""What is scanned while a booking is under way: held, and taken in order after it. Whoever has scanned CONFIRM already reaches
for the next sheet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from onebook_edge.capture import dialogue_texts as texts
from onebook_edge.capture.dialogue_messages import DialogueOutput, GoodsInput
from onebook_edge.capture.dialogue_texts import Feedback, FeedbackKind, Sound
from onebook_edge.capture.stable_weight import StableWeight

HELD_MAX: Final = 50  # A storage card that hangs for half a minute, and a person who does not look up.
_STOPS: Final = (FeedbackKind.ASK, FeedbackKind.REFUSED)


def held_with(
    held: tuple[GoodsInput, ...], message: GoodsInput, confirms: Callable[[GoodsInput], bool]
) -> tuple[GoodsInput, ...] | Feedback:
    """What is held once this came too; or why it is not. CONFIRM once more is the same wish, not another sheet."""
    if confirms(message) and (not held or confirms(held[-1])):
        return texts.WAIT.say()
    if held and isinstance(message, StableWeight) and isinstance(held[-1], StableWeight):
        held = held[:-1]  # Nobody took the weight before.
    return (*held, message) if len(held) < HELD_MAX else texts.HELD_FULL.say()


def stops(output: DialogueOutput) -> bool:
    """Whether nothing more of what was held may be taken: nothing may be built on an answer that the person has not heard
    yet, and a CONFIRM behind it would book what nobody meant."""
    return isinstance(output, Feedback) and output.kind in _STOPS


def without_second_sound(output: DialogueOutput) -> DialogueOutput:
    """It beeped when it was held; only what the person must hear of sounds again."""
    if isinstance(output, Feedback) and output.kind is FeedbackKind.OK:
        return replace(output, sound=Sound.NONE)
    return output
