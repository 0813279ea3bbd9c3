"""A command is begun at most once, whatever comes twice, late, or after a crash."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from onebook_edge.care.command_book import (
    REMEMBERED_MAX,
    Begin,
    CommandBook,
    CommandOutput,
    Finished,
    Given,
    Remember,
    remembered_from_json,
    remembered_to_json,
)
from onebook_edge.machine import Instant
from onebook_schemas.remote_care import LIFETIME_MS_MAX, Command, CommandAction, CommandOutcome, CommandReport

NOW_MS = 1_790_000_000_000
NOW = Instant(5_000, NOW_MS)


def command(number: int = 1, action: CommandAction = CommandAction.TARE, expires_in_ms: int = 60_000) -> Command:
    return Command(
        edge_id="edge-hz-01",
        command_id=f"00000000-0000-0000-0000-{number:012d}",
        action=action,
        device=None if action in (CommandAction.IDENTIFY, CommandAction.SEND_LOGS) else "scale-1",
        issued_at_ms=NOW_MS,
        expires_at_ms=NOW_MS + expires_in_ms,
        issued_by="person:liwei",
    )


TARE = command()


def book() -> CommandBook:
    return CommandBook("edge-hz-01", {})


def outcome_in(outputs: list[CommandOutput]) -> CommandOutcome | None:
    return next((output.outcome for output in outputs if isinstance(output, CommandReport)), None)


def test_it_is_written_down_before_it_is_begun() -> None:
    outputs = book().handle(Given(TARE, True), NOW)
    assert [type(output) for output in outputs] == [Remember, Begin]


def test_one_that_comes_twice_is_begun_once_and_its_outcome_is_said_again() -> None:
    begun = book()
    begun.handle(Given(TARE, True), NOW)
    assert begun.handle(Given(TARE, True), NOW) == []
    assert outcome_in(list(begun.handle(Finished(TARE.command_id, CommandOutcome.DONE), NOW))) is CommandOutcome.DONE
    (said,) = begun.handle(Given(TARE, True), NOW)
    assert isinstance(said, CommandReport)
    assert said.outcome is CommandOutcome.DONE


def test_what_a_crash_interrupted_is_never_begun_again() -> None:
    (kept, _) = book().handle(Given(TARE, True), NOW)
    assert isinstance(kept, Remember)
    disk = json.dumps(remembered_to_json(kept.commands))
    after = CommandBook("edge-hz-01", remembered_from_json(json.loads(disk)))
    assert outcome_in(list(after.handle(Given(TARE, True), NOW))) is CommandOutcome.INTERRUPTED


def test_an_expired_one_is_not_begun() -> None:
    late = Instant(70_000, NOW_MS + 60_000)
    outputs = list(book().handle(Given(TARE, True), late))
    assert outcome_in(outputs) is CommandOutcome.EXPIRED
    assert not any(isinstance(output, Begin) for output in outputs)


@pytest.mark.parametrize(
    ("action", "is_begun"),
    [(CommandAction.TARE, False), (CommandAction.RESTART_DEVICE, False), (CommandAction.SEND_LOGS, True)],
)
def test_a_box_that_does_not_know_the_time_does_only_what_harms_nobody(action: CommandAction, is_begun: bool) -> None:
    outputs = book().handle(Given(command(action=action), False), NOW)
    assert any(isinstance(output, Begin) for output in outputs) is is_begun


def test_it_is_remembered_until_its_age_alone_refuses_it() -> None:
    old = book()
    old.handle(Given(TARE, True), NOW)
    old.handle(Finished(TARE.command_id, CommandOutcome.DONE), NOW)
    for number in range(2, 5):
        later = Instant(0, TARE.expires_at_ms + LIFETIME_MS_MAX + number)
        again = list(old.handle(Given(TARE, True), later))
        assert not any(isinstance(output, Begin) for output in again)
        fresh = command(number).model_copy(update={"expires_at_ms": later.wall_ms + 1_000})
        (kept, _) = old.handle(Given(fresh, True), later)
        assert isinstance(kept, Remember)
        assert TARE.command_id not in kept.commands


def test_too_many_are_refused_and_none_is_forgotten_for_them() -> None:
    full = book()
    for number in range(REMEMBERED_MAX):
        full.handle(Given(command(number), True), NOW)
    assert outcome_in(list(full.handle(Given(command(REMEMBERED_MAX), True), NOW))) is CommandOutcome.REFUSED
    assert full.handle(Given(command(0), True), NOW) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": None},
        {"action": "identify"},
        {"expires_at_ms": NOW_MS},
        {"expires_at_ms": NOW_MS + LIFETIME_MS_MAX + 1},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_an_incomplete_command_is_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Command.model_validate(TARE.model_dump() | wrong)
