"""What schemathesis loads before it reads the description: who asks, and what moments there are.

The tokens take turns. Every second question is asked with every right, or most would end at a door.
"""

from __future__ import annotations

import itertools
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies

_EVERYTHING, *_ROLES = json.loads(Path(os.environ["ONEBOOK_TOKENS_FILE"]).read_text(encoding="ascii"))
_TURNS = itertools.chain.from_iterable((_EVERYTHING, token) for token in itertools.cycle(_ROLES))

# Moments begin in 1970, which JSON Schema has no word for. The last day of 9999 has not ended everywhere.
_MOMENTS = strategies.datetimes(datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("9999-12-30"))
schemathesis.openapi.format("date-time", _MOMENTS.map(lambda at: f"{at.isoformat()}Z"))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    case.headers["Authorization"] = next(_TURNS)
