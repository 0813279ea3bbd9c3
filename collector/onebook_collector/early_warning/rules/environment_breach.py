"""A quantity in a storage room leaves its limits and stays out; or its sensor says nothing, which is another kind.

Breach: out of limits from one reading to another at least ten minutes later, with none inside between them; it clears when
a reading lies inside by the hysteresis. Readings are taken in the order of their own time; a backlog behind the present is
ignored, for this is about now.

Silence: the edge has been speaking all the time, and the sensor gave no valid value for half an hour. (An edge that does not
speak is one warning, not one for each of its sensors.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict, Field, model_validator

from onebook_collector.early_warning.facts import Fact, Reading, SignOfLife
from onebook_collector.early_warning.rule import Change, Cleared, EarlyWarning, Kind, Raised, Severity, Subject


class EnvironmentLimit(BaseModel):
    """What a quantity must keep to at a site: at one device, or at all that measure it there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: str = Field(min_length=1)
    device: str | None = Field(default=None, description="None: every device of the site that measures the quantity")
    quantity: str = Field(min_length=1, description="as the devices name it, e.g. temperature_c")
    low: float | None = Field(default=None, description="lowest value that is in order, in the quantity's unit")
    high: float | None = Field(default=None, description="highest value that is in order, in the quantity's unit")
    hysteresis: float = Field(default=0.0, ge=0, description="how far inside a value must lie to end a breach")

    @model_validator(mode="after")
    def _leaves_room(self) -> EnvironmentLimit:
        if self.low is None and self.high is None:
            raise ValueError("give low, high or both")
        if self.low is not None and self.high is not None and self.low + self.hysteresis > self.high - self.hysteresis:
            raise ValueError("low and high must leave room for the hysteresis between them")
        return self

    def side_of(self, value: float) -> tuple[str, float] | None:
        """The text that says where a value is out of limits, and the limit; None for one that is in order."""
        if self.high is not None and value > self.high:
            return "above_limit", self.high
        if self.low is not None and value < self.low:
            return "below_limit", self.low
        return None

    def is_well_inside(self, value: float) -> bool:
        above_low = self.low is None or value >= self.low + self.hysteresis
        return above_low and (self.high is None or value <= self.high - self.hysteresis)


class EnvironmentBreachLimits(BaseModel):
    """What storage rooms must keep to, and how long they may fail to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: tuple[EnvironmentLimit, ...] = ()
    breach_after_ms: int = Field(default=10 * 60_000, ge=0, description="how long out of limits is a breach")
    silent_after_ms: int = Field(default=30 * 60_000, gt=0, description="how long without a value is silence")
    edge_pause_ms: int = Field(default=5 * 60_000, gt=0, description="the longest pause of an edge that is speaking")


@dataclass(frozen=True, slots=True)
class Climate:
    limit: EnvironmentLimit
    speaking_since_ms: int  # The edge, without a pause.
    heard_ms: int  # The edge.
    value_at_ms: int | None = None  # Of the newest valid reading.
    outside_since_ms: int | None = None
    breach_open: bool = False
    silence_open: bool = False


class EnvironmentBreach:
    kinds = frozenset({Kind.ENVIRONMENT_BREACH, Kind.SENSOR_SILENT})

    def __init__(self, limits: EnvironmentBreachLimits) -> None:
        self._limits = limits
        self._limit_of = {(limit.site, limit.device, limit.quantity): limit for limit in self._limits.limits}

    def subjects(self, fact: Fact, watched: Iterable[Subject]) -> Iterable[Subject]:
        """A sign of life concerns all sensors of the edge."""
        if isinstance(fact, SignOfLife):
            return watched
        if isinstance(fact, Reading) and self._limit(fact.site, fact.device, fact.quantity):
            return (Subject(fact.edge_id, fact.site, fact.device, fact.quantity),)
        return ()

    def begin(self, subject: Subject, open_now: Mapping[Kind, EarlyWarning], now_ms: int) -> Climate | None:
        limit = self._limit(subject.site, subject.device, subject.quantity)
        if limit is None:
            return None
        state = Climate(limit, speaking_since_ms=now_ms, heard_ms=now_ms)
        if breach := open_now.get(Kind.ENVIRONMENT_BREACH):
            since_ms = int(breach.raised.values["outside_since_at"])
            state = replace(state, outside_since_ms=since_ms, breach_open=True)
        return replace(state, silence_open=Kind.SENSOR_SILENT in open_now)

    def judge(self, state: Climate, fact: Fact, now_ms: int) -> tuple[Climate, list[Change]]:
        has_paused = now_ms - state.heard_ms > self._limits.edge_pause_ms
        speaking_since_ms = now_ms if has_paused else state.speaking_since_ms
        state = replace(state, speaking_since_ms=speaking_since_ms, heard_ms=now_ms)
        if isinstance(fact, Reading) and fact.value is not None:
            if state.value_at_ms is not None and fact.at_ms < state.value_at_ms:
                return state, []
            return self._judge_value(state, fact.value, fact.at_ms)
        return self._judge_silence(state, now_ms)

    def _judge_value(self, state: Climate, value: float, at_ms: int) -> tuple[Climate, list[Change]]:
        changes: list[Change] = [Cleared(Kind.SENSOR_SILENT, "sensor_spoke")] if state.silence_open else []
        state = replace(state, value_at_ms=at_ms, silence_open=False)
        side = state.limit.side_of(value)
        if side is None:
            if state.breach_open and not state.limit.is_well_inside(value):
                return state, changes
            if state.breach_open:
                changes.append(Cleared(Kind.ENVIRONMENT_BREACH, "back_within_limits"))
            return replace(state, outside_since_ms=None, breach_open=False), changes
        since_ms = at_ms if state.outside_since_ms is None else state.outside_since_ms
        if not state.breach_open and at_ms - since_ms >= self._limits.breach_after_ms:
            text, limit = side
            values = {"value": value, "limit": limit, "outside_since_at": since_ms}
            changes.append(Raised(Kind.ENVIRONMENT_BREACH, Severity.WARNING, text, values))
            state = replace(state, breach_open=True)
        return replace(state, outside_since_ms=since_ms), changes

    def _judge_silence(self, state: Climate, now_ms: int) -> tuple[Climate, list[Change]]:
        value_at_ms = state.speaking_since_ms if state.value_at_ms is None else state.value_at_ms
        silence_ms = now_ms - max(state.speaking_since_ms, value_at_ms)
        if state.silence_open or silence_ms < self._limits.silent_after_ms:
            return state, []
        raised = Raised(Kind.SENSOR_SILENT, Severity.WARNING, "sensor_silent", {"silent_since_at": value_at_ms})
        return replace(state, silence_open=True), [raised]

    def _limit(self, site: str, device: str, quantity: str) -> EnvironmentLimit | None:
        """A limit of the device itself goes before one of the whole site."""
        return self._limit_of.get((site, device, quantity)) or self._limit_of.get((site, None, quantity))
