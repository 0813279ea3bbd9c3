"""With which settings the agent starts: the box's own, and over them what the centre wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onebook_edge.care.care_file import CareFile
from onebook_edge.care.configuration_machine import CannotStart, ConfigurationMachine, Keep
from onebook_edge.care.overlay import laid_over
from onebook_edge.errors import ConfigurationError
from onebook_edge.machine import Instant
from onebook_edge.settings import EdgeSettings, check_settings, read_settings

_ANY_MOMENT = Instant(0, 0)


@dataclass(frozen=True, slots=True)
class Configuration:
    """`settings` is what this life of the agent runs with."""

    own: Mapping[str, Any]
    file: CareFile
    settings: EdgeSettings

    @classmethod
    def read(cls, path: Path) -> Configuration:
        """What the centre wants, as far as it makes a configuration today (a file may have gone since); what does not is refused
        and put aside. Raises ConfigurationError when the box's own file makes none."""
        own = read_settings(path)
        settings = check_settings(dict(own))
        file = CareFile(settings.data_folder)
        return cls(own, file, _wanted_settings(own, file) or settings)

    def problems_of(self, toml: str) -> Sequence[str]:
        """What is wrong with a configuration of the centre on this box: every problem, each with its fix."""
        return problems_of(self.own, toml)


def problems_of(own: Mapping[str, Any], toml: str) -> Sequence[str]:
    try:
        check_settings(laid_over(own, toml))
    except ConfigurationError as error:
        return error.problems
    return ()


def _wanted_settings(own: Mapping[str, Any], file: CareFile) -> EdgeSettings | None:
    while (running := file.kept.configuration.running) is not None:
        problems = problems_of(own, running.toml)
        if not problems:
            return check_settings(laid_over(own, running.toml))
        machine = ConfigurationMachine(file.kept.configuration, deadline_ms=0)
        for output in machine.handle(CannotStart(tuple(problems)), _ANY_MOMENT):
            if isinstance(output, Keep):
                file.keep_configuration(output.state)
    return None
