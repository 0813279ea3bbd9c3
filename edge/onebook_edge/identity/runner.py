"""Drives the renewal machine: asks the centre, puts the new certificate in place, has the line to the broker made anew."""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Callable

from onebook_edge.clock import Clock
from onebook_edge.errors import RefusedError, RetryableError
from onebook_edge.identity.enrolment import renew
from onebook_edge.identity.identity_file import Identity, IdentityFolder
from onebook_edge.identity.machine import Failed, RenewalInput, RenewalMachine, RenewalSettings, Renewed
from onebook_edge.logs import get_logger
from onebook_edge.machine import Woken

log = get_logger()


class RenewalRunner:
    """`await run()` for ever. `context` is the one that the line uses: it shows the new certificate on its next connection."""

    def __init__(
        self,
        folder: IdentityFolder,
        identity: Identity,
        context: ssl.SSLContext,
        clock: Clock,
        reconnect: Callable[[str], None],
        settings: RenewalSettings | None = None,
    ) -> None:
        self.identity = identity
        self._folder, self._context, self._clock, self._reconnect = folder, context, clock, reconnect
        share = zlib.crc32(identity.edge_id.encode()) / 2**32
        self._machine = RenewalMachine(
            identity.not_before_ms, identity.not_after_ms, share, settings or RenewalSettings()
        )

    async def run(self) -> None:
        message: RenewalInput = Woken()
        while True:
            for _ in self._machine.handle(message, self._clock.now()):
                message = await self._ask()
                break
            else:
                due_ms = self._machine.wakeup_at()
                assert due_ms is not None
                await asyncio.sleep(max(due_ms - self._clock.now().monotonic_ms, 0) / 1000)
                message = Woken()

    async def _ask(self) -> RenewalInput:
        try:
            self.identity = await asyncio.to_thread(renew, self._folder, self.identity)
        except RetryableError as error:
            log.warning("renewal_failed", reason=str(error))
            return Failed(refused=False)
        except RefusedError as error:
            log.error("renewal_refused", reason=error.reason, what_to_do=error.what_to_do)
            return Failed(refused=True)
        self._context.load_verify_locations(cadata=self.identity.ca_pem)
        self._context.load_cert_chain(self._folder.file)
        log.info("certificate_renewed", serial=self.identity.serial, not_after_ms=self.identity.not_after_ms)
        self._reconnect("certificate renewed")
        return Renewed(self.identity.not_before_ms, self.identity.not_after_ms)
