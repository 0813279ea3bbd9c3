"""What remote care remembers between two starts, in one small file that is replaced whole and forced to the disk."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from onebook_edge.care.command_book import Remembered, remembered_from_json, remembered_to_json
from onebook_edge.care.configuration_machine import ConfigurationState
from onebook_edge.logs import get_logger

log = get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    configuration: ConfigurationState = field(default_factory=ConfigurationState)
    commands: Mapping[str, Remembered] = field(default_factory=dict)


class CareFile:
    """`care.json` in the data folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "care.json"
        self.kept = self._read()

    def keep_configuration(self, state: ConfigurationState) -> None:
        self._write(replace(self.kept, configuration=state))

    def keep_commands(self, commands: Mapping[str, Remembered]) -> None:
        self._write(replace(self.kept, commands=commands))

    def _read(self) -> Kept:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            return Kept(ConfigurationState.from_json(kept["configuration"]), remembered_from_json(kept["commands"]))
        except FileNotFoundError:
            return Kept()
        except (ValueError, KeyError, TypeError) as error:
            os.replace(self._path, self._path.with_suffix(".unreadable"))
            log.error("care_unreadable", path=str(self._path), reason=str(error), effect="the box's own configuration")
            return Kept()

    def _write(self, kept: Kept) -> None:
        fresh = self._path.with_suffix(".new")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as file:
            commands = remembered_to_json(kept.commands)
            json.dump({"configuration": kept.configuration.to_json(), "commands": commands}, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # Or a power cut may bring the old name back.
        finally:
            os.close(folder)
        self.kept = kept
