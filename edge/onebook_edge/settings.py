"""The edge's configuration: one TOML file, assembled from the settings that each part declares beside its code."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.settings import CaptureSettings
from onebook_edge.catalog import DRIVERS
from onebook_edge.console.settings import ConsoleSettings
from onebook_edge.errors import ConfigurationError
from onebook_edge.identity.identity_file import IdentityFolder
from onebook_edge.identity.settings import BrokerSettings
from onebook_edge.links.link_settings import LinkSettings
from onebook_edge.links.modbus_line import ModbusLineSettings
from onebook_edge.outbox.retention import MIB, DiskBudget
from onebook_schemas.chain import HashAlgorithm, UsableAlgorithm
from onebook_schemas.identifiers import DeviceId, EdgeId


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OutboxSettings(_Settings):
    """How much of the disk the outbox may take."""

    journal_mib: int = Field(default=512, ge=1, description="Reserve of the journal, in MiB: never thinned.")
    telemetry_mib: int = Field(default=1536, ge=1, description="Budget of telemetry, in MiB: thinned when used up.")
    free_mib_min: int = Field(default=64, ge=0, description="What is left free on the disk whatever happens, in MiB.")
    retain_days: int = Field(
        default=90,
        ge=1,
        description="How long delivered events stay, so that a restored collector is refilled, in days that the box ran.",
    )
    chain_hash: UsableAlgorithm = Field(
        default=HashAlgorithm.SHA256,
        description="What the journal's hash chain is made with: sha256, or sm3 (国密). An epoch that has begun keeps its own.",
    )

    @property
    def budget(self) -> DiskBudget:
        return DiskBudget(
            journal_bytes=self.journal_mib * MIB,
            telemetry_bytes=self.telemetry_mib * MIB,
            free_bytes_min=self.free_mib_min * MIB,
            retain_days=self.retain_days,
        )


class ClockSettings(_Settings):
    """How the box knows whether its wall clock is right."""

    source: Literal["timesyncd", "trusted"] = Field(
        default="timesyncd",
        description="timesyncd: the mark of systemd-timesyncd decides. trusted: the host has a battery clock.",
    )


class CareSettings(_Settings):
    """Remote care: what the centre may do to this box."""

    deadline_s: float = Field(
        default=300.0,
        gt=0,
        description="With a configuration of the centre, how long without the collector's answer before it is rolled back, in s.",
    )


class DeviceSettings(_Settings):
    """A device on a port of its own."""

    id: DeviceId = Field(description="Name of the device, unique on this edge.")
    driver: str = Field(description="Driver, as `onebook edge list-drivers` names it.")
    link: Annotated[LinkSettings, Field(description="The port: kind serial, tcp or replay.")]
    silence_after_s: float | None = Field(
        default=None, gt=0, description="Without a byte for so long the device is silent, in s. Leave out for scanners."
    )
    settings: dict[str, Any] = Field(default={}, description="Settings of the driver; see its README.")


class BusDeviceSettings(_Settings):
    """A device on a Modbus line."""

    id: DeviceId = Field(description="Name of the device, unique on this edge.")
    driver: str = Field(description="Modbus driver, as `onebook edge list-drivers` names it.")
    settings: dict[str, Any] = Field(default={}, description="Settings of the driver: unit_id, poll_interval_ms ...")


class BusSettings(ModbusLineSettings):
    """A Modbus line or gateway and what hangs on it."""

    id: DeviceId = Field(description="Name of the line, unique on this edge.")
    devices: tuple[BusDeviceSettings, ...] = Field(default=(), max_length=247, description="The devices on the line.")


class EdgeSettings(_Settings):
    edge_id: EdgeId = Field(description="Name of this edge: MQTT client id and certificate common name.")
    data_folder: Path = Field(default=Path("/var/lib/onebook-edge"), description="Where the outbox is kept.")
    catalogue_file: Path | None = Field(
        default=None,
        description="CSV of the item catalogue, until the centre has given its own; with neither no goods are known.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="What the log says.")
    live_interval_s: float = Field(default=5.0, gt=0, description="How often the latest readings are published, in s.")
    broker: BrokerSettings | None = Field(
        default=None, description="Where the broker is; not needed on an enrolled box."
    )
    outbox: OutboxSettings = OutboxSettings()
    clock: ClockSettings = ClockSettings()
    care: CareSettings = CareSettings()
    capture: CaptureSettings = CaptureSettings()
    console: ConsoleSettings | None = Field(
        default=None, description="The keeper's pages, served by this box; without the table there are none."
    )
    devices: tuple[DeviceSettings, ...] = Field(
        default=(), max_length=100, description="Devices on ports of their own."
    )
    buses: tuple[BusSettings, ...] = Field(default=(), max_length=32, description="Modbus lines and gateways.")

    @property
    def checkpoints_path(self) -> Path:
        return self.data_folder / "checkpoints.db"

    @property
    def reference_folder(self) -> Path:
        """Documents of the centre: catalogue, site, people, tasks, stock."""
        return self.data_folder / "reference"

    @property
    def identity_folder(self) -> IdentityFolder:
        return IdentityFolder(self.data_folder / "identity")

    @property
    def device_ids(self) -> list[str]:
        return [one.id for one in self.devices] + [one.id for bus in self.buses for one in bus.devices]


def load_settings(path: Path) -> EdgeSettings:
    """Read and check a configuration file. Raises ConfigurationError with every problem, each with its fix."""
    return check_settings(read_settings(path))


def read_settings(path: Path) -> dict[str, Any]:
    """What stands in a configuration file, unchecked. Raises ConfigurationError if it is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([f"{path}: {error.strerror}. 请检查路径 / check the path."]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError([f"{path}: {error}. 不是有效的 TOML (UTF-8) / not valid TOML in UTF-8."]) from error


def check_settings(raw: dict[str, Any]) -> EdgeSettings:
    """Raises ConfigurationError with every problem, each with its fix."""
    problems = [*_driver_problems(raw), *_name_problems(raw)]
    try:
        settings = EdgeSettings.model_validate(raw)
    except ValidationError as error:
        problems = [_in_words("", one, EdgeSettings) for one in error.errors(include_url=False)] + problems
        raise ConfigurationError(problems) from error
    problems += _catalogue_problems(settings)
    if problems:
        raise ConfigurationError(problems)
    return settings


def load_catalogue(settings: EdgeSettings) -> Catalogue:
    """The item catalogue that the configuration names; an empty one if it names none."""
    if settings.catalogue_file is None:
        return Catalogue()
    return Catalogue.from_csv_text(settings.catalogue_file.read_text(encoding="utf-8-sig"))


def _driver_problems(raw: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the drivers' names and settings; looked at even when other keys are wrong too."""
    for place, device, kind in _placed_devices(raw):
        name, values = device.get("driver"), device.get("settings", {})
        if not isinstance(name, str) or not isinstance(values, dict):
            continue  # The schema says so already.
        entry = DRIVERS.get(name)
        if entry is None:
            yield f"{place}.driver: 没有驱动 {name!r} / no such driver. {_did_you_mean(name, DRIVERS)}"
        elif entry.kind != kind:
            where = "a [[buses]] table" if entry.kind == "modbus" else "a [[devices]] table of its own"
            yield f"{place}.driver: {name} 不能接在这里 / does not belong here. Put it into {where}."
        else:
            try:
                entry.settings.model_validate(values)
            except ValidationError as error:
                for one in error.errors(include_url=False):
                    yield _in_words(f"{place}.settings.", one, entry.settings)


def _name_problems(raw: dict[str, Any]) -> Iterator[str]:
    names = [str(device.get("id")) for _, device, _ in _placed_devices(raw)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"devices: 名称 {name!r} 重复 / used twice. Give each device a name of its own."
    capture = raw.get("capture")
    used = capture.get("devices") if isinstance(capture, dict) else None
    for name in used if isinstance(used, dict) else ():
        if name not in names:
            yield f"capture.devices.{name}: 没有这个设备 / no such device. {_did_you_mean(name, names)}"


def _placed_devices(raw: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Every device table with its place and the kind of driver that belongs there."""
    for n, device in enumerate(_tables(raw.get("devices"))):
        yield f"devices.{n}", device, "bytes"
    for b, bus in enumerate(_tables(raw.get("buses"))):
        for n, device in enumerate(_tables(bus.get("devices"))):
            yield f"buses.{b}.devices.{n}", device, "modbus"


def _tables(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _catalogue_problems(settings: EdgeSettings) -> Iterator[str]:
    try:
        load_catalogue(settings)
    except OSError as error:
        yield f"catalogue_file: {settings.catalogue_file}: {error.strerror}. 请检查路径 / check the path."
    except (ValueError, KeyError) as error:
        yield f"catalogue_file: {settings.catalogue_file}: {error}. 请用完整的目录文件 / use the complete catalogue file."


def _in_words(prefix: str, error: ErrorDetails, model: type[BaseModel]) -> str:
    """One problem as a sentence: where, what, and what to do."""
    place = prefix + ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "missing":
            return f"{place}: 缺少 / missing. Add `{error['loc'][-1]} = ...`."
        case "extra_forbidden":
            return f"{place}: 未知的键 / unknown key. {_did_you_mean(str(error['loc'][-1]), _keys(model))}"
        case _:
            return f"{place}: {error['msg']} (现在是 / is now: {str(error['input'])[:60]!r}). 请更正 / correct it."


def _keys(model: type[BaseModel]) -> list[str]:
    """Every key that stands anywhere below a model: a misspelt one is most often one of these."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        found.append(name)
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found.extend(_keys(inner))
    return found


def _did_you_mean(word: str, known: Any) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    if near:
        return f"是否为 {near[0]!r}? / did you mean {near[0]!r}?"
    return "请删除 / remove it." if not known else f"可用 / there are: {', '.join(sorted(known)[:12])}"
