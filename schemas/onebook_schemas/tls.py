"""TLS as every program of onebook uses it: version 1.2 or later, both sides show a certificate, the host name is checked."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class TlsFiles(BaseModel):
    """Certificates for the line to the broker, as PEM files."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca_file: Path = Field(description="Certificates of the authorities that the broker's certificate may come from.")
    certificate_file: Path = Field(description="Our certificate, followed by those between it and the authority.")
    key_file: Path = Field(description="Private key of our certificate; readable by this program only.")


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """A context for connections that we open. Raises OSError (ssl.SSLError included) when a file cannot be used."""
    context = trusting(files.ca_file.read_text(encoding="ascii"))
    context.load_cert_chain(files.certificate_file, files.key_file)
    return context


def trusting(ca_pem: str) -> ssl.SSLContext:
    """A context that believes these authorities and no other. Raises ssl.SSLError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # Checks certificate and host name.
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=ca_pem)
    return context


def is_loopback(host: str) -> bool:
    """Whether a line to this host stays on this machine. A name that somebody could redirect does not count."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
