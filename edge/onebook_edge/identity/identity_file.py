"""The identity of a box in one file, replaced as a whole: who it is, its certificate and its private key.

The first line is JSON; OpenSSL skips what stands before a certificate. One file, because a power cut between two would leave a
key that does not belong to its certificate.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from onebook_edge.errors import ConfigurationError, RefusedError
from onebook_schemas.enrolment import Enrolled
from onebook_schemas.identifiers import EdgeId
from onebook_schemas.tls import trusting


class Identity(BaseModel):
    """What the centre has said, without the secrets."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edge_id: EdgeId
    serial: str
    not_before_ms: int
    not_after_ms: int
    centre_host: str
    centre_port: int
    broker_host: str
    broker_port: int
    ca_pem: str


@dataclass(frozen=True, slots=True)
class IdentityFolder:
    """`identity` below the data folder."""

    path: Path

    @property
    def file(self) -> Path:
        return self.path / "identity.pem"

    def pending(self, edge_id: str) -> Path:
        """The key that no certificate has come for yet. It is kept, so that a lost answer can be asked for again."""
        return self.path / f"{edge_id}.pending.key"

    def make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        give_to_owner_of(self.path.parent, self.path)

    def read(self) -> Identity | None:
        """None on a box that has not enrolled. Raises ConfigurationError when the file is damaged."""
        try:
            with self.file.open("rb") as file:
                return Identity.model_validate_json(file.readline())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            problem = f"{self.file}: {error}. 请检查权限，或重新登记 / check its rights, or enrol again."
            raise ConfigurationError([problem]) from error

    def adopt(self, enrolled: Enrolled, centre: tuple[str, int]) -> Identity:
        """Put a certificate and its pending key in place, at once and for good. Raises RefusedError if they do not fit."""
        pending = self.pending(enrolled.edge_id)
        identity = Identity(
            **enrolled.model_dump(exclude={"v", "certificate_pem"}), centre_host=centre[0], centre_port=centre[1]
        )
        waiting = self.path / "identity.pem.new"
        content = "\n".join((identity.model_dump_json(), enrolled.certificate_pem, pending.read_text(encoding="ascii")))
        _write_private(waiting, content)
        try:
            context_of(identity, waiting)
        except OSError as error:
            waiting.unlink()
            raise RefusedError(
                f"中心给的证书不能用 / the certificate that came cannot be used: {error}", "enrol again"
            ) from error
        give_to_owner_of(self.path.parent, waiting)
        waiting.rename(self.file)
        sync_folder(self.path)
        pending.unlink()
        return identity


def context_of(identity: Identity, file: Path) -> ssl.SSLContext:
    """TLS with this identity. Raises OSError (ssl.SSLError included) when the file is damaged."""
    context = trusting(identity.ca_pem)
    context.load_cert_chain(file)
    return context


def give_to_owner_of(folder: Path, path: Path) -> None:
    """What root writes by hand is the service's to read."""
    if os.geteuid() == 0:
        there = folder.stat()
        os.chown(path, there.st_uid, there.st_gid)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_private(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
