"""Settings of the certificate authority and of enrolment."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class CertificateSettings(BaseModel):
    """The certificate authority, and what a box is told when it enrols."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9.-]{1,100}$",
        description="DNS name or IPv4 address by which boxes reach the centre. Without it nobody can enrol.",
    )
    enrolment_host: str = Field(
        default="0.0.0.0",
        description="Address on which boxes are let in to enrol and renew, by HTTPS; nothing else is there.",
    )
    enrolment_port: int = Field(default=8443, gt=0, lt=65536, description="TCP port of the same.")
    broker_port: int = Field(
        default=8883, gt=0, lt=65536, description="TCP port at which boxes reach the broker (TLS)."
    )
    passphrase_file: Path | None = Field(
        default=None,
        description="File with the passphrase of the authority's key. Without it: the variable ONEBOOK_CA_PASSPHRASE.",
    )
    edge_days: int = Field(default=90, ge=1, le=825, description="Life of an edge's certificate, in days.")
    renewal_grace_days: int = Field(
        default=365,
        ge=0,
        description="How long after its end a certificate may still be renewed, in days: boxes come back after months.",
    )
    reload_command: tuple[str, ...] = Field(
        default=(), description="What makes the broker read the revocation list again; run by `onebook ca revoke`."
    )
