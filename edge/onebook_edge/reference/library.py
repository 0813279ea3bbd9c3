"""The documents that the centre gave this warehouse: catalogue, site, people, tasks, stock. What it works by for weeks alone.

The newest whole version of each is on the disk before anybody hears of it and before the centre is told that it is held; of
stock, which comes often, one of the last minutes. One that
cannot be read, or not be kept, changes nothing: what was held stays, and the centre gives the newest again with each connection.
"""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from onebook_edge.logs import get_logger
from onebook_edge.reference.assembly import Assembly, problems_of
from onebook_edge.reference.shelf import Shelf
from onebook_schemas.encoding import decode, explain
from onebook_schemas.reference import (
    DOCUMENTS,
    STOCK,
    DocumentT,
    PeopleDocument,
    ReferenceDocument,
    SiteDocument,
    TasksDocument,
    whole_of,
)

log = get_logger()

HEARD_MAX = 1_024
"""Parts that may wait to be read: more than a province's catalogue and a large site's stock together."""


KEPT_EVERY_S = {STOCK: 300.0}
"""Stock comes every few seconds where much is moved, and would wear out a card. One that is older says the same with more of this
box's own journal on top."""


class Library:
    """Reads the disk when it is made. `hear` what comes by MQTT, `await run()` for ever; `hold` is told what is held.

    Catalogue and stock are large, and whoever uses them keeps them in a form of their own: they are handed on, not kept here.
    """

    def __init__(self, folder: Path, hold: Callable[[str, int], None]) -> None:
        self._shelf, self._hold = Shelf(folder), hold
        self._heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(HEARD_MAX)
        self._listeners: dict[type[ReferenceDocument], list[Callable[[Any], None]]] = defaultdict(list)
        self.site: SiteDocument | None = None
        self.people: PeopleDocument | None = None
        self.tasks: TasksDocument | None = None
        self._assemblies: dict[str, Assembly] = {}
        self._kept_s: dict[str, float] = {}
        for name, kind in DOCUMENTS.items():
            document = self._shelf.read(kind)
            self._assemblies[name] = Assembly(document.version if document is not None else 0)
            if document is not None:
                self._remember(document)

    @property
    def versions(self) -> dict[str, int]:
        """Of each document that is held."""
        return {name: one.held for name, one in self._assemblies.items() if one.held}

    def read(self, kind: type[DocumentT]) -> DocumentT | None:
        """The document that is on the disk."""
        return self._shelf.read(kind)

    def on_changed(self, kind: type[DocumentT], hear: Callable[[DocumentT], None]) -> None:
        """Call `hear` with each newer document of this kind; and now, with the one that is held."""
        self._listeners[kind].append(hear)
        held = self.read(kind)
        if held is not None:
            hear(held)

    def hear(self, name: str, body: bytes) -> None:
        """Take what came on a document's topic: a part, or nothing when the topic was cleared."""
        if not body:
            return
        if self._heard.full():
            log.error("document_dropped", document=name, what_to_do="it comes again with the next connection")
            return
        self._heard.put_nowait((name, body))

    async def run(self) -> None:
        for name, version in self.versions.items():
            self._hold(name, version)
        while True:
            await self.take(*await self._heard.get())

    async def take(self, name: str, body: bytes) -> None:
        """Read a part; when it makes a document whole, keep that and tell whoever listens."""
        now_s = asyncio.get_running_loop().time()
        is_to_be_kept = now_s >= self._kept_s.get(name, -math.inf) + KEPT_EVERY_S.get(name, 0.0)
        try:
            document = await asyncio.to_thread(self._read, name, body, is_to_be_kept=is_to_be_kept)
        except (ValueError, OSError) as error:
            reason = explain(error) if isinstance(error, ValidationError) else str(error)
            held = self._assemblies[name].held
            log.error("document_refused", document=name, reason=reason, held=held, what_to_do="tell the centre")
            return
        if document is not None:
            if is_to_be_kept:
                self._kept_s[name] = now_s
            self._change(document)

    def _read(self, name: str, body: bytes, *, is_to_be_kept: bool) -> ReferenceDocument | None:
        """The document that this part made whole, and that is on the disk now if it is to be. Raises ValueError and OSError."""
        parts = self._assemblies[name].take(decode(DOCUMENTS[name], body))
        if parts is None:
            return None
        document = whole_of(parts)
        if problems := problems_of(document):
            raise ValueError(f"version {document.version}: {'; '.join(problems[:3])}")
        if is_to_be_kept:
            self._shelf.keep(parts)
        return document

    def _change(self, document: ReferenceDocument) -> None:
        name = document.NAME
        self._assemblies[name].held = document.version
        self._remember(document)
        log.debug("document_held", document=name, version=document.version)
        self._hold(name, document.version)
        for hear in self._listeners[type(document)]:
            hear(document)

    def _remember(self, document: ReferenceDocument) -> None:
        match document:
            case SiteDocument():
                self.site = document
            case PeopleDocument():
                self.people = document
            case TasksDocument():
                self.tasks = document
            case _:
                pass
