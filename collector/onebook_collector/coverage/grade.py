"""How far a warehouse has come: the grade of one day by its evidence, and the one that stands, which does not flap. Pure."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping

from onebook_collector.coverage.evidence import Evidence, Key, Verdict
from onebook_collector.coverage.rule import CoverageRule


class Grade(enum.IntEnum):
    NONE = 0
    CONNECTED = 1
    PARTIAL = 2
    INFORMATIZED = 3

    @property
    def word(self) -> str:
        return self.name.lower()


_OTHERS = (Key.E3_CAPTURED, Key.E4_COUNTED, Key.E5_TELEMETRY, Key.E6_RECONCILED)


def grade_of(evidence: Collection[Evidence], rule: CoverageRule) -> Grade:
    """The grade of one day. All six are given."""
    verdicts = {one.key: one.verdict for one in evidence}
    assert verdicts.keys() == set(Key)
    if all(verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE) for verdict in verdicts.values()):
        return Grade.INFORMATIZED
    if verdicts[Key.E1_ENROLLED] is not Verdict.PASS:
        return Grade.NONE
    others = sum(verdicts[key] is Verdict.PASS for key in _OTHERS)
    if verdicts[Key.E2_ALIVE] is Verdict.PASS and others >= rule.partial_others_min:
        return Grade.PARTIAL
    return Grade.CONNECTED


def standing(before: Grade, days: Mapping[int, Grade], day: int, *, silent_hours: int, rule: CoverageRule) -> Grade:
    """The grade that stands after `day`: `before` stood until then, `days` has the grades of single days, this one among them.

    It rises to what every one of the last days in a row has reached, and falls to what none of them exceeded; a day that is
    missing proves neither. A warehouse that is silent for long falls at once.
    """
    if silent_hours >= rule.silent_hours_max:
        return min(before, days[day])
    row = [days.get(one) for one in range(day - rule.steady_days + 1, day + 1)]
    known = [grade for grade in row if grade is not None]
    if len(known) < rule.steady_days:
        return before
    return min(max(before, min(known)), max(known))
