"""How this box reaches the broker. What leaves the machine is encrypted, or it does not leave: there is no falling back."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from onebook_edge.errors import ConfigurationError
from onebook_edge.identity.identity_file import Identity, IdentityFolder, context_of
from onebook_edge.identity.settings import BrokerSettings
from onebook_schemas.tls import client_context, is_loopback


@dataclass(frozen=True, slots=True)
class BrokerLine:
    """`tls` is None on loopback only; `identity` is what is renewed, None where somebody else sees to the certificate."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    identity: Identity | None = None


def broker_line(edge_id: str, folder: IdentityFolder, settings: BrokerSettings | None) -> BrokerLine:
    """The line that configuration and enrolment make together. Raises ConfigurationError with what to do."""
    if settings is not None and settings.tls is not None:
        try:
            return BrokerLine(settings.host, settings.port, client_context(settings.tls))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError([f"broker.tls: {error}. 请检查证书文件 / check the certificate files."]) from error
    identity = folder.read()
    if identity is not None:
        return _enrolled_line(edge_id, folder, identity, settings)
    if settings is None:
        raise ConfigurationError(["本机尚未登记 / this box has not enrolled. Run: onebook edge enroll --code ..."])
    if not is_loopback(settings.host):
        problem = (
            f"broker: {settings.host} 须用 TLS / is not this machine: enrol (onebook edge enroll) or add [broker.tls]."
        )
        raise ConfigurationError([problem])
    return BrokerLine(settings.host, settings.port, None)


def _enrolled_line(
    edge_id: str, folder: IdentityFolder, identity: Identity, settings: BrokerSettings | None
) -> BrokerLine:
    if identity.edge_id != edge_id:
        problem = (
            f"edge_id: {edge_id}, 证书属于 / the certificate belongs to {identity.edge_id}. Correct it, or enrol again."
        )
        raise ConfigurationError([problem])
    try:
        context = context_of(identity, folder.file)
    except OSError as error:
        raise ConfigurationError([f"{folder.file}: {error}. 请重新登记 / enrol again."]) from error
    host, port = (settings.host, settings.port) if settings else (identity.broker_host, identity.broker_port)
    return BrokerLine(host, port, context, identity)
