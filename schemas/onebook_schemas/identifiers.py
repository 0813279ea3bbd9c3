"""Identifiers: how edges, devices, sites, items and documents are named on the wire."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StringConstraints

_EDGE_ID = r"^[a-z0-9][a-z0-9-]{1,62}$"
EdgeId = Annotated[str, StringConstraints(pattern=_EDGE_ID)]
"""One edge agent = MQTT client id = certificate common name. Lower case, so that a topic and a host name can carry it."""

Epoch = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""Random name of an outbox file. A new storage card is a new epoch."""

DeviceId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""A device of one edge; unique within that edge only."""

BinCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
"""A place within a site (货位), as printed on its label."""

ItemCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}\d{5}$")]
"""Item code of the province's catalogue: two letters, two digits group, three digits running number."""

UnitCode = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2,3}$")]
"""UN/ECE Recommendation 20 (units) or 21 (packages): EA, KGM, LTR, CT ..."""

MovementId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
"""A UUID made at the source."""

DocumentNumber = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[\x21-\x7e]+$")]
"""Number of a document (入库单, 出库单 ...): printable ASCII, because it is printed as a bar code."""

BootId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""Names one run of the monotonic clock."""

HexDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 or SM3, 256 bits."""

ShortText = Annotated[str, StringConstraints(max_length=200)]
LotNumber = Annotated[str, StringConstraints(min_length=1, max_length=40)]
SerialNumber = Annotated[str, StringConstraints(min_length=1, max_length=40)]


def is_edge_id(text: str) -> bool:
    return re.fullmatch(_EDGE_ID, text) is not None


INT64_MAX = 2**63 - 1

Int64 = Annotated[int, Field(ge=-INT64_MAX - 1, le=INT64_MAX)]
"""A whole number that every database can keep."""
