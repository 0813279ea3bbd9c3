"""Goal: a wrong configuration file is refused at the start, with the place that is wrong named. 250 files.

Method: a right file of each program is spoiled in a seeded way that no program could accept, and `check-config` reads it.
"""

from __future__ import annotations

import copy
import json
import random
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from onebook_collector import cli as collector
from onebook_edge import cli as edge

INPUTS = 125  # Of each program.
SEED = 20261123

EDGE_TOML = """
edge_id = "edge-1"
data_folder = "/tmp/onebook-edge"
log_level = "INFO"
live_interval_s = 5.0
[broker]
host = "127.0.0.1"
port = 1883
[outbox]
journal_mib = 512
retain_days = 90
[clock]
source = "trusted"
[[devices]]
id = "scanner-1"
driver = "serial_scanner"
link = {kind = "tcp", host = "127.0.0.1", port = 4001}
settings = {suffix = "CR", duplicate_window_ms = 1000}
[[devices]]
id = "scale-1"
driver = "mt_sics"
link = {kind = "serial", port = "/dev/ttyUSB0"}
silence_after_s = 10.0
settings = {mode = "poll", poll_interval_ms = 250}
[[buses]]
id = "line-1"
link = {kind = "tcp", host = "127.0.0.1", port = 502}
answer_timeout_ms = 500
[[buses.devices]]
id = "probe-1"
driver = "xy_md02"
settings = {unit_id = 1, poll_interval_ms = 1000}
[capture.work_places.bench]
sign_out_after_s = 900
[capture.devices.scanner-1]
role = "dialogue"
work_place = "bench"
[capture.devices.scale-1]
role = "weighing"
work_place = "bench"
"""
COLLECTOR_TOML = """
data_folder = "/tmp/onebook-collector"
log_level = "INFO"
[broker]
host = "127.0.0.1"
port = 1883
client_id = "collector-1"
[ledger]
file = "ledger.db"
count_review_fraction = "0.05"
[metrics]
store = "sqlite"
file = "metrics.db"
[api]
host = "127.0.0.1"
port = 8080
"""
Place = tuple[str | int, ...]


@pytest.mark.parametrize(
    ("right", "main"), [(EDGE_TOML, edge.main), (COLLECTOR_TOML, collector.main)], ids=["edge", "collector"]
)
def test_a_wrong_file_is_refused_with_the_place_and_the_reason(
    right: str, main: Callable[[Sequence[str]], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "right.toml"
    call = ("check-config", "--config", str(file))
    file.write_text(right, encoding="utf-8")
    assert main(call) == 0, capsys.readouterr().err
    dice = random.Random(SEED)
    for number in range(INPUTS):
        content, named = _spoilt_text(right, dice) if number % 5 == 0 else _spoilt_value(right, dice)
        file.write_bytes(content)
        assert main(call) == 2, f"{number}: accepted\n{content.decode(errors='replace')}"
        problems = capsys.readouterr().err.splitlines()
        assert problems
        assert all(line.startswith("✗ ") for line in problems), f"{number}: {problems}"
        assert any(name in line for line in problems for name in named), f"{number}: {named} not named in {problems}"


def test_a_file_that_is_not_there_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for main in (edge.main, collector.main):
        assert main(("check-config", "--config", str(tmp_path / "missing.toml"))) == 2
        assert "missing.toml" in capsys.readouterr().err


def _spoilt_text(right: str, dice: random.Random) -> tuple[bytes, tuple[str, ...]]:
    """Bytes that are no TOML in UTF-8. The file is named."""
    content = right.encode()
    at = dice.randrange(1, len(content))
    torn = (
        content[:at]
        + dice.choice((b"\xff\xfe", b"\0", b"\n= =\n", b'\n["\n', b"\n[broker]\n[broker]\n"))
        + content[at:]
    )
    return torn, ("right.toml",)


def _spoilt_value(right: str, dice: random.Random) -> tuple[bytes, tuple[str, ...]]:
    """One value of a kind that cannot be there, or one key that nobody knows. The key, or the table it is in, is named."""
    values = copy.deepcopy(tomllib.loads(right))
    place = dice.choice(list(_places(values)))
    holder = values
    for step in place[:-1]:
        holder = holder[step]  # type: ignore[index]
    key = place[-1]
    if isinstance(key, str) and dice.random() < 0.5:
        wrong = key + dice.choice(("x", "_", "2"))
        holder[wrong] = holder.pop(key)
        return _toml(values), (wrong, key, *(step for step in place if isinstance(step, str)))
    holder[key] = _wrong(holder[key], dice)  # type: ignore[index]
    return _toml(values), tuple(str(step) for step in place)


def _wrong(value: object, dice: random.Random) -> object:
    if isinstance(value, dict | list):
        return dice.choice((7, "a word", True))
    return dice.choice(([], {"unexpected": 1}, [value, value]))


def _places(values: Any, at: Place = ()) -> Iterator[Place]:
    """Every key and every element."""
    for key in values if isinstance(values, dict) else range(len(values)):
        yield (*at, key)
        if isinstance(values[key], dict | list):
            yield from _places(values[key], (*at, key))


def _toml(values: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in values.items()).encode()


def _inline(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)} = {_inline(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_inline, value)) + "]"
        case _:
            return json.dumps(value)
