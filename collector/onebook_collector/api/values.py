"""How values look in the API: times with their zone, exact decimals as text, bounded numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from onebook_collector.clock import utc
from onebook_schemas.identifiers import INT64_MAX

PAGE_MAX = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ApiModel(BaseModel):
    model_config = ConfigDict(frozen=True)


def rfc3339(at_ms: int) -> str:
    """A moment in UTC with milliseconds: 2026-05-01T02:03:04.005Z."""
    return utc(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plain(value: Decimal) -> str:
    """A decimal without exponent or idle zeros: 12.5, 40, 0."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _milliseconds(value: Any) -> Any:
    """Text that came in a request becomes Unix milliseconds; numbers are ours already."""
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("without a zone it may be any of two dozen moments")
        moment = moment.astimezone(UTC)  # The last hours of the year 9999 are no moment that we could say again in UTC.
        if moment < _EPOCH:
            raise ValueError("nothing happened before 1970")
        return (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError) as error:
        raise ValueError(
            "write a moment with its zone, such as 2026-05-01T02:00:00Z or 2026-05-01T10:00:00%2B08:00"
        ) from error


Moment = Annotated[
    int,
    BeforeValidator(_milliseconds),
    PlainSerializer(rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-05-01T02:03:04.005Z"]}),
]
"""Unix milliseconds inside, RFC 3339 outside: any zone in requests, from 1970 on; UTC in answers."""

ExactText = Annotated[
    Decimal,
    PlainSerializer(plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["12.5"]}),
]
"""A decimal as text, so that no reader can round it."""

Sequence64 = Annotated[int, Field(ge=0, le=INT64_MAX)]
PageSize = Annotated[int, Field(ge=1, le=PAGE_MAX, description=f"how many at most, up to {PAGE_MAX}")]
DivisionPrefix = Annotated[str, Field(pattern=r"^[0-9]{1,6}$", examples=["3301"])]
"""The beginning of a division code: 33 the province, 3301 a prefecture, 330102 a county."""

Key = Annotated[str, Field(max_length=200)]
"""A name in a request. Longer ones name nothing."""
