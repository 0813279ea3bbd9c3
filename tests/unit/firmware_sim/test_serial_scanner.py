from __future__ import annotations

import pytest

from onebook_firmware_sim.device import PoweredOn
from onebook_firmware_sim.devices.serial_scanner import (
    CodePresented,
    ScannerSettings,
    SerialScanner,
    Suffix,
    TriggerFoundNothing,
)
from tests.unit.firmware_sim.bench import Bench, vectors

VECTORS = vectors("scanner_streams.json")
GTIN = CodePresented("0106901234567892", aim="]C1")


def sent(settings: ScannerSettings, *messages: CodePresented | TriggerFoundNothing) -> bytes:
    bench = Bench(SerialScanner(settings))
    for message in messages:
        bench.tell(message)
    return b"".join(data for _, data in bench.sent)


@pytest.mark.parametrize(
    ("vector", "settings", "codes"),
    [
        ("bs-01", ScannerSettings(), (GTIN,)),
        ("bs-03", ScannerSettings(suffix=Suffix.CR), (GTIN,)),
        ("bs-06", ScannerSettings(suffix=Suffix.TAB, aim_ids=False), (CodePresented("6901234567892", aim="]E0"),)),
        ("bs-07", ScannerSettings(suffix=Suffix.NONE), (GTIN,)),
        ("bs-09", ScannerSettings(), (CodePresented("010690123456789221SN1\x1d10B1", aim="]Q3"),)),
        ("bs-11", ScannerSettings(no_read="NR"), (TriggerFoundNothing(), GTIN)),
    ],
)
def test_the_published_streams_are_reproduced(
    vector: str, settings: ScannerSettings, codes: tuple[CodePresented | TriggerFoundNothing, ...]
) -> None:
    assert sent(settings, *codes).hex() == "".join(VECTORS[vector]["chunks_hex"])


@pytest.mark.parametrize(("separator", "expected"), [("\x1d", b"10B1\x1d21S"), ("|", b"10B1|21S"), ("", b"10B121S")])
def test_the_group_separator_is_kept_replaced_or_dropped(separator: str, expected: bytes) -> None:
    settings = ScannerSettings(group_separator=separator, aim_ids=False, suffix=Suffix.NONE)
    assert sent(settings, CodePresented("10B1\x1d21S", aim="]d2")) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_chinese_text_goes_out_in_the_set_encoding(encoding: str) -> None:
    settings = ScannerSettings(encoding=encoding, prefix=b"\x02", suffix=Suffix.ETX)
    assert sent(settings, CodePresented("棉被", aim="]Q1")) == b"\x02]Q1" + "棉被".encode(encoding) + b"\x03"


def test_nothing_is_said_of_nothing_unless_a_text_for_it_is_set() -> None:
    assert sent(ScannerSettings(), TriggerFoundNothing()) == b""


def test_a_code_that_stays_is_sent_again_and_again() -> None:
    bench = Bench(SerialScanner(ScannerSettings(suffix=Suffix.CRLF, repeat_interval_ms=150)))
    bench.tell(CodePresented("6901234567892", aim="]E0", times=3))
    bench.run(5000)
    assert bench.sent == [(at_ms, b"]E06901234567892\r\n") for at_ms in (0, 150, 300)]


def test_power_off_ends_the_repeats() -> None:
    bench = Bench(SerialScanner())
    bench.tell(CodePresented("6901234567892", aim="]E0", times=3))
    bench.tell(PoweredOn())
    bench.run(5000)
    assert len(bench.sent) == 1
