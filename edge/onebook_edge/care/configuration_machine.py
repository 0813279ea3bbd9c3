"""Which configuration an edge runs with. Pure; its durable state is all that it remembers.

Theory of operation. The box's own file is always there. What the centre wants lies over it (`overlay.py`): the one that is
*held* has proved itself, the one on *trial* has not. A valid offer is kept as trial and the agent begins anew with it; the first
ack of the collector makes it the one that is held. Without an ack within the deadline, or after too many starts (it may bring
the agent down), the trial is refused for good and the agent begins anew with what it held before. Every step is on the disk
before it is taken, so that a power cut between any two finds its place again. A refused version is
not tried again; a newer one is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias

from onebook_edge.machine import Instant, Woken
from onebook_schemas.remote_care import ConfigurationOutcome, ConfigurationReport

TRIAL_STARTS_MAX = 3


@dataclass(frozen=True, slots=True)
class Version:
    """One configuration of the centre."""

    version: int
    toml: str


@dataclass(frozen=True, slots=True)
class Refusal:
    version: int
    outcome: ConfigurationOutcome
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConfigurationState:
    """What is kept on the disk."""

    held: Version | None = None
    trial: Version | None = None
    trial_starts: int = 0
    refused: Refusal | None = None

    @property
    def running(self) -> Version | None:
        """What an agent that starts now runs with."""
        return self.trial or self.held

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> ConfigurationState:
        """Raises KeyError, TypeError or ValueError if it is none."""
        held, trial = (Version(**kept[name]) if kept[name] else None for name in ("held", "trial"))
        refused = None
        if (said := kept["refused"]) is not None:
            refused = Refusal(said["version"], ConfigurationOutcome(said["outcome"]), tuple(said["problems"]))
        return cls(held, trial, int(kept["trial_starts"]), refused)


# What it takes ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The agent begins, with the running version."""


@dataclass(frozen=True, slots=True)
class CannotStart:
    """The running version does not make a configuration (any more)."""

    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """The centre's document, and what is wrong with it."""

    version: int
    toml: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker is there: say again what is so."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The collector acknowledged an upload of this run."""


ConfigurationInput: TypeAlias = Started | CannotStart | Offered | Connected | Answered | Woken

# What it gives ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keep:
    """Put the state on the disk, and force it there, before anything else."""

    state: ConfigurationState


@dataclass(frozen=True, slots=True)
class BeginAnew:
    """End every part properly and start again from the disk."""


@dataclass(frozen=True, slots=True)
class Say:
    outcome: ConfigurationOutcome
    version: int
    problems: tuple[str, ...] = ()

    def report(self, edge_id: str) -> ConfigurationReport:
        cut = tuple(problem[:500] for problem in self.problems[:100])
        return ConfigurationReport(edge_id=edge_id, version=self.version, outcome=self.outcome, problems=cut)


ConfigurationOutput: TypeAlias = Keep | BeginAnew | Say


class ConfigurationMachine:
    """Built from the state on the disk when the agent starts; `state.running` is what the agent runs with."""

    def __init__(self, state: ConfigurationState, *, deadline_ms: int) -> None:
        self.state = state
        self._running = state.running
        self._deadline_ms = deadline_ms
        self._due_ms: int | None = None

    def handle(self, message: ConfigurationInput, now: Instant) -> Sequence[ConfigurationOutput]:
        match message:
            case Started():
                return self._start(now)
            case CannotStart(problems):
                return self._cannot_start(problems)
            case Offered():
                return self._judge(message)
            case Answered():
                return self._answered()
            case Connected():
                return self._say_again()
            case Woken():
                return self._woken(now)

    def wakeup_at(self) -> int | None:
        return self._due_ms

    @property
    def _is_on_trial(self) -> bool:
        return self.state.trial is not None and self.state.trial == self._running

    def _start(self, now: Instant) -> list[ConfigurationOutput]:
        if not self._is_on_trial:
            return []
        if self.state.trial_starts >= TRIAL_STARTS_MAX:
            return self._roll_back(
                f"启动 {TRIAL_STARTS_MAX} 次未成功 / started {TRIAL_STARTS_MAX} times without success"
            )
        self._due_ms = now.monotonic_ms + self._deadline_ms
        return self._keep(replace(self.state, trial_starts=self.state.trial_starts + 1))

    def _cannot_start(self, problems: tuple[str, ...]) -> list[ConfigurationOutput]:
        assert self._running is not None
        refusal = Refusal(self._running.version, ConfigurationOutcome.REFUSED, problems)
        left = replace(self.state, trial=None, trial_starts=0, refused=refusal)
        return [*self._keep(left if self._is_on_trial else replace(left, held=None)), BeginAnew()]

    def _judge(self, offer: Offered) -> list[ConfigurationOutput]:
        offered = Version(offer.version, offer.toml)
        if offer.version < self._newest or offered in (self.state.held, self.state.trial):
            return self._say_again()
        if self.state.refused is not None and offer.version == self.state.refused.version:
            return self._say_again()
        problems = offer.problems
        if offer.version == self._newest:
            problems = (
                f"版本 {offer.version} 内容不同 / version {offer.version} was something else: give a new one",
                *problems,
            )
        if problems:
            refusal = Refusal(offer.version, ConfigurationOutcome.REFUSED, problems)
            return [*self._keep(replace(self.state, refused=refusal)), *self._say_again()]
        self._due_ms = None
        return [*self._keep(replace(self.state, trial=offered, trial_starts=0, refused=None)), BeginAnew()]

    @property
    def _newest(self) -> int:
        return max((one.version for one in (self.state.held, self.state.trial, self.state.refused) if one), default=0)

    def _answered(self) -> list[ConfigurationOutput]:
        if not self._is_on_trial:
            return []
        self._due_ms = None
        proved = replace(self.state, held=self.state.trial, trial=None, trial_starts=0)
        return [*self._keep(proved), *self._say_again()]

    def _woken(self, now: Instant) -> list[ConfigurationOutput]:
        if self._due_ms is None or now.monotonic_ms < self._due_ms:
            return []
        waited_s = self._deadline_ms // 1000
        return self._roll_back(f"{waited_s} 秒内未收到中心回执 / no answer from the collector within {waited_s} s")

    def _roll_back(self, problem: str) -> list[ConfigurationOutput]:
        assert self.state.trial is not None
        self._due_ms = None
        refusal = Refusal(self.state.trial.version, ConfigurationOutcome.ROLLED_BACK, (problem,))
        return [*self._keep(replace(self.state, trial=None, trial_starts=0, refused=refusal)), BeginAnew()]

    def _keep(self, state: ConfigurationState) -> list[ConfigurationOutput]:
        self.state = state
        return [Keep(state)]

    def _say_again(self) -> list[ConfigurationOutput]:
        """What became of the newest that was offered; nothing if there was none."""
        state = self.state
        if state.refused is not None and state.refused.version == self._newest:
            return [Say(state.refused.outcome, state.refused.version, state.refused.problems)]
        if state.trial is not None:
            return [Say(ConfigurationOutcome.TRYING, state.trial.version)]
        return [Say(ConfigurationOutcome.HELD, state.held.version)] if state.held else []
