"""Log lines of the edge: a static event name plus fields, one JSON object a line, on standard error.

`log.warning("device_unavailable", device_id=..., reason=...)`. The service manager keeps and bounds them. No secrets, and no
payloads above DEBUG. Standard library only: a logging library costs the box 20 MiB and half a second at the start.
"""

from __future__ import annotations

import json
import logging
import sys
from collections import deque
from typing import Any


class EventLog:
    """Says what happened, by name, with fields."""

    def __init__(self) -> None:
        self._logger = logging.getLogger("onebook")

    def debug(self, event: str, **fields: object) -> None:
        self._logger.debug(event, extra={"fields": fields})

    def info(self, event: str, **fields: object) -> None:
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: object) -> None:
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, *, exc_info: BaseException | None = None, **fields: object) -> None:
        self._logger.error(event, exc_info=exc_info, extra={"fields": fields})

    def exception(self, event: str, **fields: object) -> None:
        """An error with the exception that is being handled."""
        self._logger.exception(event, extra={"fields": fields})


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{record.msecs:03.0f}",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class RecentLines(logging.Handler):
    """The newest lines, for whoever asks for them from afar."""

    def __init__(self, lines_max: int = 500) -> None:
        super().__init__()
        self.setFormatter(_JsonLines())
        self._lines: deque[str] = deque(maxlen=lines_max)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def text(self, bytes_max: int) -> str:
        """As many of the newest whole lines as fit, oldest first."""
        taken: list[str] = []
        left = bytes_max
        for line in reversed(self._lines):
            left -= len(line.encode()) + 1
            if left < 0:
                break
            taken.append(line)
        return "\n".join(reversed(taken))


RECENT = RecentLines()


def get_logger() -> EventLog:
    return EventLog()


def configure_logging(level: str = "INFO") -> None:
    """Send everything at `level` and above to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=level, handlers=[handler, RECENT], force=True)
