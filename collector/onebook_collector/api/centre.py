"""The parts of the centre that screens and programs look at. Handed to the web server once, when it is made."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from onebook_collector.administration.store import AdministrationStore
from onebook_collector.certificates.office import CertificateOffice
from onebook_collector.clock import Clock
from onebook_collector.early_warning.watcher import Watcher
from onebook_collector.ingest.runner import IngestRunner
from onebook_collector.ledger.store import LedgerStore
from onebook_collector.live_board import LiveBoard
from onebook_collector.metrics.store import MetricsStore
from onebook_collector.proving.continuous import ContinuousVerifier


@dataclass(frozen=True, slots=True)
class Centre:
    """What there is to see. `stopping` is set when the server goes down, so that nobody keeps waiting for news."""

    ledger: LedgerStore
    metrics: MetricsStore
    administration: AdministrationStore
    watcher: Watcher
    live: LiveBoard
    ingest: IngestRunner
    clock: Clock
    verifier: ContinuousVerifier
    backups: Path | None = None  # The folder with the record of backups, where backups are configured.
    certificates: CertificateOffice | None = None  # None: another authority gives out the certificates.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


def the_centre(request: Request) -> Centre:
    centre = request.app.state.centre
    assert isinstance(centre, Centre)
    return centre


CentreDep = Annotated[Centre, Depends(the_centre)]
