"""Which backups to keep: the newest of each of the last days, weeks and months that have one. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.clock import BUSINESS_ZONE

_PREFIX, _SUFFIX, _FORM = "onebook-", ".obk", "%Y%m%dT%H%M%S%f"


class Keeping(BaseModel):
    """How many backups stay. Days without a backup do not count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    daily: int = Field(default=7, ge=1, le=10_000, description="Newest backup of each of so many days.")
    weekly: int = Field(default=5, ge=0, le=10_000, description="And of so many weeks.")
    monthly: int = Field(default=12, ge=0, le=10_000, description="And of so many months.")


class Named(NamedTuple):
    """A backup in a store. The name says when it was made (UTC)."""

    made_at: datetime
    name: str


def name_of(made_at_ms: int) -> str:
    """`onebook-20261125T043000123Z.obk`: names sort by age."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=made_at_ms)
    return f"{_PREFIX}{moment.strftime(_FORM)[:-3]}Z{_SUFFIX}"


def named(name: str) -> Named | None:
    """None: no backup of ours."""
    if not (name.startswith(_PREFIX) and name.endswith("Z" + _SUFFIX)):
        return None
    try:
        made_at = datetime.strptime(name[len(_PREFIX) : -len("Z" + _SUFFIX)], _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Named(made_at, name)


def dispensable(names: Iterable[str], keeping: Keeping, *, good: Collection[str]) -> list[str]:
    """What may be deleted, oldest first. `good`: those that were read back whole; where there is none, nothing goes.

    The newest good one stays, and what is newer than it. In a day, week or month a good one is kept rather than another.
    """
    backups = sorted((one for name in names if (one := named(name))), reverse=True)
    newest_good = next((one for one in backups if one.name in good), None)
    if newest_good is None:
        return []
    kept = {one.name for one in backups if one.made_at >= newest_good.made_at}
    for count, period in ((keeping.daily, "%Y-%j"), (keeping.weekly, "%G-%V"), (keeping.monthly, "%Y-%m")):
        of_period: dict[str, Named] = {}
        for one in backups:
            key = one.made_at.astimezone(BUSINESS_ZONE).strftime(period)
            if key not in of_period or (of_period[key].name not in good and one.name in good):
                of_period[key] = one
        kept |= {one.name for one in list(of_period.values())[:count]}
    return [one.name for one in reversed(backups) if one.name not in kept]
