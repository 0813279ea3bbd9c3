"""A configuration of the centre proves itself, or the box goes back to the one before it; at no step is the box left without."""

from __future__ import annotations

import json

import pytest

from onebook_edge.care.configuration_machine import (
    TRIAL_STARTS_MAX,
    Answered,
    BeginAnew,
    CannotStart,
    ConfigurationInput,
    ConfigurationMachine,
    ConfigurationOutput,
    ConfigurationState,
    Connected,
    Keep,
    Offered,
    Say,
    Started,
    Version,
)
from onebook_edge.machine import Instant, Woken
from onebook_schemas.remote_care import ConfigurationOutcome as Outcome

DEADLINE_MS = 300_000
FIRST = Version(1, 'log_level = "DEBUG"')
SECOND = Version(2, 'log_level = "INFO"')


class Box:
    """A disk that outlives the agent, and the agent's machine."""

    def __init__(self) -> None:
        self.disk = json.dumps(ConfigurationState().to_json())
        self.now_ms = 0
        self.start()

    def start(self) -> list[ConfigurationOutput]:
        state = ConfigurationState.from_json(json.loads(self.disk))
        self.machine = ConfigurationMachine(state, deadline_ms=DEADLINE_MS)
        self.runs_with = self.machine.state.running
        return self.hear(Started())

    def hear(self, message: ConfigurationInput) -> list[ConfigurationOutput]:
        outputs = list(self.machine.handle(message, Instant(self.now_ms, 0)))
        for output in outputs:
            if isinstance(output, Keep):
                self.disk = json.dumps(output.state.to_json())
        if any(isinstance(output, BeginAnew) for output in outputs):
            outputs += self.start()
        return outputs

    def offer(self, version: Version, *problems: str) -> list[ConfigurationOutput]:
        return self.hear(Offered(version.version, version.toml, problems))

    def adopt(self, version: Version) -> None:
        self.offer(version)
        self.hear(Answered())

    def wait(self, ms: int) -> list[ConfigurationOutput]:
        self.now_ms += ms
        due = self.machine.wakeup_at()
        return self.hear(Woken()) if due is not None and due <= self.now_ms else []


@pytest.fixture
def box() -> Box:
    return Box()


def test_a_valid_offer_is_tried_at_once_and_held_when_the_collector_answers(box: Box) -> None:
    box.offer(FIRST)
    assert box.runs_with == FIRST
    assert box.hear(Connected()) == [Say(Outcome.TRYING, 1)]
    assert Say(Outcome.HELD, 1) in box.hear(Answered())
    box.start()
    assert box.runs_with == FIRST
    assert box.hear(Connected()) == [Say(Outcome.HELD, 1)]


def test_without_an_answer_the_one_before_is_in_use_again_after_the_deadline(box: Box) -> None:
    box.adopt(FIRST)
    box.offer(SECOND)
    assert box.wait(DEADLINE_MS - 1) == []
    box.wait(1)
    assert box.runs_with == FIRST
    (said,) = box.hear(Connected())
    assert isinstance(said, Say)
    assert (said.outcome, said.version) == (Outcome.ROLLED_BACK, 2)


def test_with_nothing_before_it_the_box_goes_back_to_its_own_file(box: Box) -> None:
    box.offer(FIRST)
    box.wait(DEADLINE_MS)
    assert box.runs_with is None


def test_what_was_rolled_back_is_not_tried_again_though_it_is_offered_on_every_connection(box: Box) -> None:
    box.offer(FIRST)
    box.wait(DEADLINE_MS)
    assert [type(output) for output in box.offer(FIRST)] == [Say]
    assert box.runs_with is None


def test_a_newer_one_is_tried_after_a_rolled_back_one(box: Box) -> None:
    box.offer(FIRST)
    box.wait(DEADLINE_MS)
    box.adopt(SECOND)
    assert box.runs_with == SECOND


def test_one_that_brings_the_agent_down_is_given_up_after_a_few_starts(box: Box) -> None:
    box.adopt(FIRST)
    box.offer(SECOND)  # The first start.
    for _ in range(TRIAL_STARTS_MAX - 1):
        box.start()
        assert box.runs_with == SECOND
    box.start()
    assert box.runs_with == FIRST
    (said,) = box.hear(Connected())
    assert isinstance(said, Say)
    assert said.outcome is Outcome.ROLLED_BACK


def test_an_invalid_one_is_refused_with_every_problem_and_never_run(box: Box) -> None:
    box.adopt(FIRST)
    assert Say(Outcome.REFUSED, 2, ("a", "b")) in box.offer(SECOND, "a", "b")
    assert box.runs_with == FIRST
    box.start()
    assert box.runs_with == FIRST
    assert box.hear(Connected()) == [Say(Outcome.REFUSED, 2, ("a", "b"))]


def test_an_older_one_changes_nothing(box: Box) -> None:
    box.adopt(SECOND)
    assert box.offer(FIRST) == [Say(Outcome.HELD, 2)]
    assert box.runs_with == SECOND


def test_the_same_version_with_other_words_is_refused(box: Box) -> None:
    box.adopt(FIRST)
    outputs = box.offer(Version(1, "live_interval_s = 1.0"))
    (said,) = [output for output in outputs if isinstance(output, Say)]
    assert said.outcome is Outcome.REFUSED
    assert box.runs_with == FIRST


def test_an_ack_that_was_under_way_when_the_offer_came_proves_nothing(box: Box) -> None:
    """The old run hears it between keeping the trial and ending."""
    outputs = list(box.machine.handle(Offered(1, FIRST.toml, ()), Instant(0, 0)))
    assert BeginAnew() in outputs
    assert box.machine.handle(Answered(), Instant(0, 0)) == []
    assert box.machine.state.held is None


def test_a_newer_offer_takes_the_place_of_one_on_trial_and_the_proved_one_stays_behind_both(box: Box) -> None:
    box.adopt(FIRST)
    box.offer(SECOND)
    box.offer(Version(3, ""))
    assert box.runs_with == Version(3, "")
    box.wait(DEADLINE_MS)
    assert box.runs_with == FIRST


def test_a_held_one_that_no_longer_makes_a_configuration_is_put_aside_and_said_so(box: Box) -> None:
    box.adopt(FIRST)
    box.start()
    box.hear(CannotStart(("catalogue_file: gone",)))
    assert box.runs_with is None
    assert box.hear(Connected()) == [Say(Outcome.REFUSED, 1, ("catalogue_file: gone",))]


@pytest.mark.parametrize("step", range(4))
def test_a_power_cut_between_any_two_steps_leaves_one_of_the_two_configurations(box: Box, step: int) -> None:
    box.adopt(FIRST)
    for message in (Offered(2, SECOND.toml, ()), Answered(), Connected())[:step]:
        box.hear(message)
    box.start()
    assert box.runs_with in (FIRST, SECOND)
    box.wait(DEADLINE_MS)
    assert box.runs_with == (SECOND if step >= 2 else FIRST)
