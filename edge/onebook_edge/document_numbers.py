"""The durable counter of document numbers: a number is on the disk as used before anybody sees it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

from onebook_edge.capture.document_number import Counter, number_of, series_of
from onebook_edge.logs import get_logger
from onebook_schemas.reference import SiteDocument
from onebook_schemas.stock_events import DocumentKind

log = get_logger()


class DocumentNumbers:
    """`next_number` is what the dialogues are given. `site` is None until the centre has said what this warehouse is.

    The file belongs to one outbox (`epoch`): one that was copied from another card, or restored without its outbox, begins a new
    series. `noise` gives random bytes.
    """

    def __init__(self, path: Path, epoch: str, noise: Callable[[int], bytes] = os.urandom) -> None:
        self.site: SiteDocument | None = None
        self._path, self._epoch = path, epoch
        self._counter = _read(path, epoch) or Counter(series_of(noise(5)))

    def next_number(self, kind: DocumentKind, day: date) -> str | None:
        """None where the site is not known: the sheet is booked without a number, as before there were any."""
        if self.site is None:
            return None
        counter = self._counter.next()
        try:
            self._keep(counter)
        except OSError as error:  # What happened to goods is worth more than its number: it can be given one later.
            log.error(
                "number_not_made", reason=str(error), what_to_do="free space on the data disk, or replace the card"
            )
            return None
        self._counter = counter
        return number_of(kind, day, self.site, counter)

    def _keep(self, counter: Counter) -> None:
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="ascii") as file:
            json.dump({"epoch": self._epoch, "series": counter.series, "last": counter.last}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # The new name too: an old file after a power cut would give its numbers again.
        finally:
            os.close(folder)


def _read(path: Path, epoch: str) -> Counter | None:
    try:
        kept = json.loads(path.read_text(encoding="ascii"))
        if kept["epoch"] == epoch:
            return Counter(str(kept["series"]), int(kept["last"]))
        log.warning("number_series_ended", series=kept["series"], reason="another outbox", effect="a new series begins")
    except FileNotFoundError:
        pass
    except (ValueError, KeyError, TypeError) as error:
        log.warning("number_series_ended", reason=str(error), effect="a new series begins")
    return None
