"""Renke RS-WS-N01, Prsens PR-3000 and their many re-labels: temperature and humidity, Modbus RTU."""

from __future__ import annotations

from onebook_edge.drivers.renke_pr3000.registers import table
from onebook_edge.drivers.renke_pr3000.settings import RenkePr3000Settings
from onebook_edge.registers import RegisterTable


def renke_pr3000(device_id: str, settings: RenkePr3000Settings) -> RegisterTable:
    return RegisterTable(device_id, settings, table(settings))
