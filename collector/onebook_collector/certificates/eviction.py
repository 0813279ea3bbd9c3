"""Ending the live session of a revoked edge. The broker asks for certificates when a connection begins, and never again.

A session ends when its client id connects anew. The broker takes that id from the certificate, so the authority makes one of this
name that is good for minutes, is used here, and is never written down.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from onebook_collector.certificates.authority import Authority, Profile, Wish, new_key, pem, write_file
from onebook_collector.certificates.office import CertificateOffice
from onebook_collector.clock import utc
from onebook_collector.errors import RefusedError, RetryableError
from onebook_schemas import topics
from onebook_schemas.encoding import encode
from onebook_schemas.mqtt_link import LostError, MqttLink
from onebook_schemas.tls import TlsFiles, client_context
from onebook_schemas.uplink import EdgeState

WITHIN_S = 10
RELOAD_WITHIN_S = 30
_LIFE = timedelta(minutes=5)


async def shut_out(office: CertificateOffice, edges: Iterable[str]) -> None:
    """Have the broker read what was revoked, and end the sessions of these edges. Raises RefusedError, RetryableError."""
    if not office.settings.reload_command:
        raise _not_told("certificates.reload_command")
    await tell_broker(office.settings.reload_command)
    if office.broker is not None:
        for edge_id in sorted(set(edges)):
            await end_session(office.broker, edge_id, office.authority, utc(office.clock.now_ms()))


async def tell_broker(reload_command: Sequence[str]) -> None:
    """Have the broker read the revocation list again. Raises RefusedError when it has not: whoever is revoked still gets in."""
    try:
        process = await asyncio.create_subprocess_exec(*reload_command)
        async with asyncio.timeout(RELOAD_WITHIN_S):
            status = await process.wait()
    except (OSError, TimeoutError) as error:
        raise _not_told(str(error) or f"not within {RELOAD_WITHIN_S} s") from error
    if status:
        raise _not_told(f"{reload_command[0]} ended with {status}")


def _not_told(reason: str) -> RefusedError:
    detail = "吊销列表已写，但代理未重读，请手动执行 / the list is written, the broker has not read it; run by hand"
    return RefusedError("broker_not_told", f"{detail}: {reason}")


async def end_session(broker: tuple[str, int], subject: str, authority: Authority, now: datetime) -> None:
    """Take the session of this name over, and let go of it. Raises RetryableError when the broker does not let us."""
    key, key_pem = new_key()
    made = authority.sign(Wish(subject, Profile.EDGE, key, now - _LIFE, now + _LIFE))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = TlsFiles(ca_file=folder / "ca.crt", certificate_file=folder / "own.crt", key_file=folder / "own.key")
        write_file(files.ca_file, pem(authority.certificate), mode=0o600)
        write_file(files.certificate_file, pem(made), mode=0o600)
        write_file(files.key_file, key_pem, mode=0o600)
        link = MqttLink(*broker, subject, tls=client_context(files), session_expiry_s=0)
    connection = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(WITHIN_S):
            await link.connected.wait()
            offline = EdgeState(
                edge_id=subject, online=False
            )  # The broker publishes no last will when a session is taken over.
            await link.publish(topics.state(subject), encode(offline), retain=True)
    except (TimeoutError, LostError) as error:
        raise RetryableError(
            f"{subject}: 会话未能断开 / its session could not be ended: {link.last_problem}"
        ) from error
    finally:
        connection.cancel()
        await asyncio.wait({connection})
