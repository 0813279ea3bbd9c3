"""What the doctor says: one finding a check, in both languages, with what to do."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Severity(enum.IntEnum):
    """Also the exit code: that of the worst finding."""

    FINE = 0
    ODD = 1  # It works, or may work; somebody should look.
    BROKEN = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` never changes; the sentences say what is and, unless it is fine, what to do."""

    severity: Severity
    code: str
    zh: str
    en: str

    def __str__(self) -> str:
        return f"{'✓!✗'[self.severity]} [{self.code}] {self.zh}\n    {self.en}"


def fine(code: str, zh: str, en: str) -> Finding:
    return Finding(Severity.FINE, code, zh, en)


def odd(code: str, zh: str, en: str) -> Finding:
    return Finding(Severity.ODD, code, zh, en)


def broken(code: str, zh: str, en: str) -> Finding:
    return Finding(Severity.BROKEN, code, zh, en)


def exit_code(findings: Iterable[Finding]) -> int:
    return max((int(one.severity) for one in findings), default=0)
