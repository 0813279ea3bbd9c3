"""Certificates of every program of a world, each in a place of its own: valid now, or expired."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from onebook_collector.certificates.authority import Profile
from onebook_deploy.mosquitto import BrokerTls
from onebook_schemas.tls import TlsFiles
from tests.chaos.plan import COLLECTOR
from tests.integration.tls_centre import Workshop

_YEAR, _DAY = (
    timedelta(days=365),
    timedelta(days=1),
)  # Clocks are stepped by days: only an expired one is to be invalid.


class Certificates:
    """`broker` is what the broker shows; programs are configured with `configuration(name)`."""

    def __init__(self, folder: Path, edge_ids: Iterable[str]) -> None:
        self._folder = folder
        workshop = Workshop(folder / "workshop")
        server = workshop.make("broker", Profile.SERVER, names=("127.0.0.1",), begins=-_YEAR, ends=_YEAR)
        self.broker = BrokerTls(server.ca_file, server.certificate_file, server.key_file)
        profiles = {COLLECTOR: ("collector.1", Profile.COLLECTOR)}
        profiles |= {edge_id: (edge_id, Profile.EDGE) for edge_id in edge_ids}
        for name, (subject, profile) in profiles.items():
            for state, ends in (("expired", -5 * _DAY), ("valid", _YEAR)):
                _copy(workshop.make(subject, profile, begins=-_YEAR, ends=ends), self._files(state, name))
            self.place(name, is_valid=True)

    def place(self, name: str, *, is_valid: bool) -> None:
        """Put a certificate where the program finds it at its next start."""
        _copy(self._files("valid" if is_valid else "expired", name), self._files("placed", name))

    def configuration(self, name: str) -> str:
        placed = self._files("placed", name)
        lines = (f'{key} = "{path}"\n' for key, path in placed)
        return "[broker.tls]\n" + "".join(lines)

    def _files(self, state: str, name: str) -> TlsFiles:
        place = self._folder / state
        return TlsFiles(
            ca_file=place / f"{name}.ca", certificate_file=place / f"{name}.crt", key_file=place / f"{name}.key"
        )


def _copy(source: TlsFiles, target: TlsFiles) -> None:
    for (_, made), (_, wanted) in zip(source, target, strict=True):
        wanted.parent.mkdir(exist_ok=True)
        shutil.copy(made, wanted)
