"""The collector's configuration: one TOML file, assembled from the settings that each part declares beside its code."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from onebook_collector.api.doorkeeper import AccessSettings
from onebook_collector.backup.making import Sources
from onebook_collector.backup.settings import BackupSettings
from onebook_collector.certificates.settings import CertificateSettings
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.early_warning.settings import WarningSettings
from onebook_collector.errors import ConfigurationError
from onebook_collector.metrics.store import Retention
from onebook_schemas.chain import HashAlgorithm, UsableAlgorithm
from onebook_schemas.tls import TlsFiles, is_loopback


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BrokerSettings(_Settings):
    """Where the MQTT broker is."""

    host: str = Field(default="127.0.0.1", min_length=1, description="Name or IP address of the broker.")
    port: int = Field(default=1883, gt=0, lt=65536, description="TCP port of the broker.")
    client_id: str = Field(
        default="collector-1", min_length=1, description="MQTT client id; each collector has its own."
    )
    tls: TlsFiles | None = Field(default=None, description="Certificates; needed unless the broker is on loopback.")


class LedgerFileSettings(_Settings):
    """The book."""

    file: Path = Field(default=Path("ledger.db"), description="SQLite file of the ledger, below the data folder.")
    count_review_fraction: Decimal = Field(
        default=Decimal("0.05"),
        ge=0,
        le=1,
        description="A count that differs by more than this share waits for review.",
    )
    chain_hash: UsableAlgorithm = Field(
        default=HashAlgorithm.SHA256,
        description="What the book's hash chain is made with: sha256, or sm3 (国密). Chosen once, when the book is begun.",
    )


class MetricsSettings(_Settings):
    """The time series."""

    store: Literal["sqlite", "influx"] = Field(default="sqlite", description="sqlite: embedded; influx: line protocol.")
    file: Path = Field(default=Path("metrics.db"), description="SQLite file of the samples, below the data folder.")
    influx_url: str = Field(default="http://127.0.0.1:8428", description="Address of the InfluxDB-compatible server.")
    retention: Retention = Retention()


class ServerTlsSettings(_Settings):
    """TLS of the web server, as PEM files."""

    certificate_file: Path = Field(description="Certificate of the server, followed by its authority's.")
    key_file: Path = Field(description="Private key of the certificate; readable by this program only.")


class ApiSettings(_Settings):
    """The web server: API, overview page, live stream."""

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. Without TLS in front of it, keep it on loopback: passwords would travel in the clear.",
    )
    port: int = Field(default=8080, ge=0, lt=65536, description="TCP port; 0 takes a free one.")
    tls: ServerTlsSettings | None = Field(
        default=None, description="Certificate of the server; needed beyond loopback, unless `behind` says otherwise."
    )
    behind: Literal["nothing", "tls_proxy"] = Field(
        default="nothing", description="tls_proxy: somebody else ends TLS in front of us, and nobody else reaches us."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses of proxies that are believed when they say whose request it is, and that it came over TLS.",
    )
    access: AccessSettings = AccessSettings()


class MapSettings(_Settings):
    """The map of the province."""

    outline_file: Path | None = Field(
        default=None,
        description="GeoJSON of the prefectures, each with its property code. The outline that comes along has no map approval "
        "number (审图号): name an approved one for a display that others see.",
    )


class CheckpointSettings(_Settings):
    """Signed checkpoints of the book, which every edge keeps as a witness."""

    key_file: Path = Field(
        default=Path("checkpoint.key"),
        description="Signing key, below the data folder; `onebook collector checkpoint-key init` makes it.",
    )
    every_movements: int = Field(default=1_000, ge=1, description="A checkpoint at the latest after so many movements.")
    every_minutes: int = Field(
        default=10, ge=1, description="And so many minutes after the last, if anything was written."
    )


class CollectorSettings(_Settings):
    data_folder: Path = Field(default=Path("/var/lib/onebook-collector"), description="Where the databases are kept.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="What the log says.")
    broker: BrokerSettings = BrokerSettings()
    ledger: LedgerFileSettings = LedgerFileSettings()
    checkpoint: CheckpointSettings = CheckpointSettings()
    metrics: MetricsSettings = MetricsSettings()
    warnings: WarningSettings = WarningSettings()
    coverage: CoverageRule = CoverageRule()
    api: ApiSettings = ApiSettings()
    map: MapSettings = MapSettings()
    backup: BackupSettings = BackupSettings()
    certificates: CertificateSettings = CertificateSettings()

    @property
    def ledger_path(self) -> Path:
        return self.data_folder / self.ledger.file

    @property
    def checkpoint_key_path(self) -> Path:
        return self.data_folder / self.checkpoint.key_file

    @property
    def metrics_path(self) -> Path:
        return self.data_folder / self.metrics.file

    @property
    def authority_folder(self) -> Path:
        return self.data_folder / "ca"

    @property
    def tls_folder(self) -> Path:
        """Keys and certificates that `onebook ca issue-...` makes for the centre itself."""
        return self.data_folder / "tls"

    @property
    def crl_path(self) -> Path:
        return self.authority_folder / "crl.pem"

    @property
    def administration_path(self) -> Path:
        return self.data_folder / "administration.db"

    @property
    def warnings_path(self) -> Path:
        return self.data_folder / "warnings.db"

    @property
    def backup_sources(self) -> Sources:
        """Every database of the centre that is a file here."""
        databases = {
            "ledger": self.ledger_path,
            "warnings": self.warnings_path,
            "administration": self.administration_path,
        }
        if self.metrics.store == "sqlite":
            databases["metrics"] = self.metrics_path
        return Sources(self.data_folder, databases, self.backup.extra_files)


def load_settings(path: Path) -> CollectorSettings:
    """Read and check a configuration file. Raises ConfigurationError with every problem, each with its fix."""
    try:
        settings = CollectorSettings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError([f"{path}: {error.strerror}. 请检查路径 / check the path."]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError([f"{path}: {error}. 不是有效的 TOML (UTF-8) / not valid TOML in UTF-8."]) from error
    except ValidationError as error:
        raise ConfigurationError(
            [
                f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}. 请更正 / correct it."
                for one in error.errors(include_url=False)
            ]
        ) from error
    problems = [*_line_problems(settings)]
    if problems:
        raise ConfigurationError(problems)
    return settings


def _line_problems(settings: CollectorSettings) -> Iterator[str]:
    """What leaves this machine is encrypted, or it does not leave."""
    broker, api = settings.broker, settings.api
    if broker.tls is None and not is_loopback(broker.host):
        yield (
            f"broker.tls: 缺少 / missing. {broker.host} 不在本机，须用 TLS / is not this machine: add [broker.tls] with"
            " ca_file, certificate_file, key_file (`onebook ca issue-collector` makes them)."
        )
    if api.tls is None and api.behind == "nothing" and not is_loopback(api.host):
        yield (
            f"api.tls: 缺少 / missing. {api.host} 不只本机可达 / is reached from outside: add [api.tls] with certificate_file,"
            ' key_file (`onebook ca issue-server` makes them), or say behind = "tls_proxy".'
        )
