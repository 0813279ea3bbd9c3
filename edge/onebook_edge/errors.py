"""Errors of the edge, split by what the caller can do about them."""

from __future__ import annotations


class EdgeError(Exception):
    """Root of all errors that the edge raises on purpose."""


class RetryableError(EdgeError):
    """It may work later: a port that is not there, a broker that does not answer."""


class RefusedError(EdgeError):
    """It will not work however often it is tried. `what_to_do` is a sentence for a person."""

    def __init__(self, reason: str, what_to_do: str) -> None:
        super().__init__(f"{reason}. {what_to_do}")
        self.reason = reason
        self.what_to_do = what_to_do


class OutboxFullError(RefusedError):
    """The journal's reserve on the disk is used up: refuse the work before the person believes that it was booked."""


class OutboxBrokenError(EdgeError):
    """The outbox is in a state that only a new start from what is on the disk can mend."""


class ConfigurationError(EdgeError):
    """The configuration cannot be used. Carries every problem found, each with the key and the fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
