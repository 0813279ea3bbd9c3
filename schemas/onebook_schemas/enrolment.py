"""How a box gets its name: the invitation that is printed or typed, and what edge and centre say to each other over HTTPS.

A private key is made on the box and never leaves it. The invitation carries the fingerprint of the centre's certificate
authority, so that the box knows whom it talks to before it says a word.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from onebook_schemas.identifiers import EdgeId, Int64

PATH = "/api/v1/enrolments"
RENEWAL_PATH = "/api/v1/enrolments/renewals"
COLLECTOR_NAME_EXAMPLE = "collector.1"
"""Certificate name of a collector. The dot keeps it out of the names that an edge can have."""

_FINGERPRINT_BYTES = 20
_INVITATION = re.compile(r"^OBE-([A-Za-z0-9.-]{1,100})_([0-9]{1,5})_([A-Z2-7]{16})_([A-Z2-7]{32})\Z")

Pem = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^-----BEGIN [A-Z ]+-----\n")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z2-7]{16}$")]


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where to enrol, with which one-time code, and how the authority is recognised."""

    host: str
    port: int
    code: str
    ca_fingerprint: str

    def text(self) -> str:
        """What the QR holds: plain ASCII, as on our other labels. Raises ValueError for a host that it cannot carry."""
        text = f"OBE-{self.host}_{self.port}_{self.code}_{self.ca_fingerprint}"
        if parse_invitation(text) != self:
            raise ValueError(
                f"{self.host!r}:{self.port} cannot stand in an enrolment code: use a DNS name or an IPv4 address"
            )
        return text


def parse_invitation(text: str) -> Invitation | None:
    """The invitation in a scanned or typed text; None if it is none."""
    match = _INVITATION.match(text.strip())
    if match is None or not 0 < int(match[2]) < 65_536:
        return None
    return Invitation(match[1], int(match[2]), match[3], match[4])


def fingerprint(certificate_der: bytes) -> str:
    """The first 160 bits of SHA-256 over a certificate, as 32 letters and digits."""
    return base64.b32encode(hashlib.sha256(certificate_der).digest()[:_FINGERPRINT_BYTES]).decode()


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EnrolmentRequest(_Model):
    """A box asks for its first certificate. Sent again with the same key it gets the same answer."""

    v: int = Field(default=1, ge=1, le=1)
    edge_id: EdgeId
    code: Code
    request_pem: Pem = Field(description="certificate request (PKCS #10); its common name is the edge_id")


class RenewalRequest(_Model):
    """An edge asks for the next certificate. Sent again with the same key it gets the same answer."""

    v: int = Field(default=1, ge=1, le=1)
    edge_id: EdgeId
    serial: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,40}$")] = Field(
        description="of the present certificate"
    )
    request_pem: Pem = Field(description="certificate request for the new key")
    signature: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/=]{16,1000}$")] = Field(
        description="base64; ECDSA with SHA-256 over the bytes of request_pem, by the key of the present certificate"
    )


class Enrolled(_Model):
    """A certificate, and where to go with it."""

    v: int = Field(default=1, ge=1, le=1)
    edge_id: EdgeId
    serial: str = Field(description="hexadecimal, lower case")
    certificate_pem: Pem
    ca_pem: Pem
    not_before_ms: Int64 = Field(description="Unix milliseconds")
    not_after_ms: Int64
    broker_host: str
    broker_port: int = Field(gt=0, lt=65_536)
