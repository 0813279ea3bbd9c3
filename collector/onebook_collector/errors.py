"""Errors of the collector, split by what the caller can do about them."""

from __future__ import annotations


class CollectorError(Exception):
    """Root of all errors that the collector raises on purpose."""


class RetryableError(CollectorError):
    """It may work later: a database that is locked or gone, a broker that does not answer."""


class RefusedError(CollectorError):
    """It will not work however often it is tried. Carries the HTTP status that the API answers with."""

    def __init__(self, reason: str, detail: str, *, status: int = 409) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.status = status


class NotFoundError(RefusedError):
    """Nothing has this name."""

    def __init__(self, detail: str) -> None:
        super().__init__("not_found", detail, status=404)


class ConfigurationError(CollectorError):
    """The configuration cannot be used. Carries every problem found, each with the key and the fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
