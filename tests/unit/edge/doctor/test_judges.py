"""From facts to findings: each fault has a name of its own, and both languages say what to do."""

from __future__ import annotations

import dataclasses

import pytest

from onebook_edge.doctor.finding import Finding, Severity, exit_code, fine, odd
from onebook_edge.doctor.judges import (
    DAY_MS,
    MIB,
    CertificateFacts,
    ClockFacts,
    DiskFacts,
    PortFacts,
    StreamFacts,
    ToneFacts,
    UnitFacts,
    UplinkFacts,
    judge_certificate,
    judge_clock,
    judge_disk,
    judge_memory,
    judge_port,
    judge_scan,
    judge_stream,
    judge_tone,
    judge_unit,
    judge_uplink,
)
from onebook_edge.links.line_probe import UnitAnswer

NOW_MS = 1_790_000_000_000
PORT = PortFacts("scale-1", "/dev/ttyUSB0", exists=True, group="dialout")
TONE = ToneFacts("scale-1", 9600, heard_bytes=100, understood=5)
MUTE = UnitFacts("probe-1", 4800, UnitAnswer(3, 0, "no-answer"))
CLOCK = ClockFacts(NOW_MS, True, NOW_MS - 1, 480)
DISK = DiskFacts("/data", True, free_bytes=4000 * MIB, used_bytes=MIB, budget_bytes=2048 * MIB, free_bytes_min=64 * MIB)
ALL_FINE = UplinkFacts("centre:1883", "", "", "", True)
KEY = CertificateFacts("broker.key_file", "/k", is_private_key=True)
CERTIFICATE = CertificateFacts("broker.ca_file", "/c", expires_ms=NOW_MS + 90 * DAY_MS, mode=0o644)
swap = dataclasses.replace

CASES: list[tuple[Finding, str, int]] = [
    (judge_port(PORT), "port", 0),
    (judge_port(swap(PORT, exists=False)), "port-missing", 2),
    (judge_port(swap(PORT, may_open=False)), "port-permission", 2),
    (judge_port(swap(PORT, holders=("minicom (7)",))), "port-busy", 2),
    (judge_port(swap(PORT, holders=("python (8)",), is_held_by_agent=True)), "port-in-use-by-us", 0),
    (judge_tone(TONE), "device-speaks", 0),
    (judge_tone(swap(TONE, understood=0, understood_at=(4800,))), "wrong-rate", 2),
    (judge_tone(swap(TONE, understood=0)), "noise", 2),
    (judge_tone(swap(TONE, understood=0, heard_bytes=0)), "silence", 2),
    (judge_tone(swap(TONE, understood=0, heard_bytes=0, speaks_unasked=False)), "quiet", 0),
    (judge_unit(MUTE), "silence", 2),
    (judge_unit(swap(MUTE, answer=UnitAnswer(3, 7, None))), "unit-answers", 0),
    (judge_unit(swap(MUTE, answer=UnitAnswer(3, 5, "exception-2"))), "unit-answers", 0),
    (judge_unit(swap(MUTE, answer=UnitAnswer(3, 9, "garbled"))), "noise", 2),
    (judge_unit(swap(MUTE, answer=UnitAnswer(3, 9, "wrong-device"))), "wrong-unit", 2),
    (judge_unit(swap(MUTE, answers_at=(9600,))), "wrong-rate", 2),
    (judge_stream(StreamFacts("journal", 3)), "outbox", 0),
    (judge_stream(StreamFacts("journal", 20_000)), "outbox-fills", 1),
    (judge_stream(StreamFacts("journal", problem="malformed")), "outbox-damaged", 2),
    (judge_uplink(ALL_FINE), "uplink", 0),
    (judge_uplink(UplinkFacts("x", "unknown")), "dns", 2),
    (judge_uplink(UplinkFacts("x", "", "refused")), "broker-unreachable", 2),
    (judge_uplink(UplinkFacts("x", "", "", "not authorised", False)), "broker-refuses", 2),
    (judge_uplink(swap(ALL_FINE, has_ack=False)), "no-ack", 2),
    (judge_uplink(UplinkFacts("x", "", "", agent_delivers=False)), "no-ack", 2),
    (judge_uplink(UplinkFacts("x", "", "", agent_delivers=True)), "uplink", 0),
    (judge_memory(32 * MIB), "memory", 1),
    (judge_memory(320 * MIB), "memory", 0),
    (judge_certificate(CERTIFICATE, NOW_MS), "certificate", 0),
    (judge_certificate(swap(CERTIFICATE, expires_ms=NOW_MS + 9 * DAY_MS), NOW_MS), "certificate-expires", 1),
    (judge_certificate(swap(CERTIFICATE, expires_ms=NOW_MS - 1), NOW_MS), "certificate-expired", 2),
    (judge_certificate(swap(CERTIFICATE, problem="no such file"), NOW_MS), "certificate-unreadable", 2),
    (judge_certificate(swap(KEY, mode=0o640), NOW_MS), "certificate", 0),
    (judge_certificate(swap(KEY, mode=0o644), NOW_MS), "key-mode", 2),
]


@pytest.mark.parametrize(("finding", "code", "severity"), CASES)
def test_each_fault_has_its_name_and_its_weight(finding: Finding, code: str, severity: int) -> None:
    assert (finding.code, finding.severity) == (code, severity)
    assert finding.zh != finding.en


def test_a_rate_that_works_is_named_as_the_one_to_set() -> None:
    finding = judge_tone(swap(TONE, understood=0, understood_at=(4800,)))
    assert "baudrate 改为 4800" in finding.zh
    assert "Set baudrate = 4800" in finding.en


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (CLOCK, ["clock"]),
        (swap(CLOCK, is_synchronised=False), ["clock-unsynchronised"]),
        (swap(CLOCK, wall_ms=0), ["clock-wrong"]),
        (swap(CLOCK, newest_event_ms=NOW_MS + DAY_MS), ["clock-wrong"]),
        (swap(CLOCK, utc_offset_min=0), ["clock", "time-zone"]),
    ],
)
def test_a_clock_that_is_wrong_or_alone_is_noticed(facts: ClockFacts, codes: list[str]) -> None:
    assert [finding.code for finding in judge_clock(facts)] == codes


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        (DISK, ["disk"]),
        (swap(DISK, exists=False), ["no-data-folder"]),
        (swap(DISK, is_read_only=True), ["disk-read-only", "disk"]),
        (swap(DISK, free_bytes=MIB), ["disk-full"]),
        (swap(DISK, free_bytes=500 * MIB), ["disk-below-budget"]),
        (swap(DISK, wear_percent=90), ["disk", "card-worn"]),
    ],
)
def test_a_disk_that_is_full_worn_or_read_only_is_noticed(facts: DiskFacts, codes: list[str]) -> None:
    assert [finding.code for finding in judge_disk(facts)] == codes


def test_a_scan_names_who_is_missing_who_is_extra_and_that_it_was_cut() -> None:
    answers = [UnitAnswer(1, 7, None), UnitAnswer(2, 0, "no-answer"), UnitAnswer(9, 5, "exception-2")]
    found = list(judge_scan("line-1", answers, frozenset({1, 2}), asked=3))
    assert [(one.code, int(one.severity)) for one in found] == [
        ("bus-units", 2),
        ("bus-unit-unused", 1),
        ("bus-scan-cut", 1),
    ]
    assert "1, 9" in found[0].en


def test_the_exit_code_is_that_of_the_worst_finding() -> None:
    assert exit_code([fine("a", "", ""), odd("b", "", "")]) == Severity.ODD
    assert exit_code([]) == 0
