"""What alarms, after how long, until when, and who has heard it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from onebook_edge.capture.catalogue import Catalogue, Item, Tracking, TradeUnit
from onebook_edge.console.alarms import HOLDS_MS, AlarmKind, Alarms, Condition
from onebook_edge.console.gate_watch import REMEMBERED_MS, TAGS_MAX, GateWatch
from onebook_edge.console.zones import breaches, zones_of
from onebook_edge.device import Measured, Quality
from onebook_edge.machine import Instant
from onebook_schemas.reference import Limits, SiteDocument, Zone

HOT = Condition(AlarmKind.CLIMATE, "COLD/probe/temperature_c", "31", "30")
HOLDS = HOLDS_MS[AlarmKind.CLIMATE]
TENT = Item("LS01001", "帐篷", "Tent", "ZP", "EA", Tracking.SERIAL, None, (TradeUnit("顶", 1, "09520000000011"),))


def keys(alarms: Alarms) -> list[str]:
    return [one.condition.key for one in alarms.all]


def test_a_condition_alarms_once_it_has_held_for_long_enough_and_ends_with_it() -> None:
    alarms = Alarms()
    changes = [alarms.look([HOT], at) for at in (0, HOLDS - 1, HOLDS, HOLDS + 1)]
    assert changes == [False, False, True, False]
    assert alarms.all[0].since_ms == 0
    assert alarms.look([], HOLDS + 2)
    assert not keys(alarms)


def test_a_condition_that_was_gone_between_begins_anew() -> None:
    alarms = Alarms()
    for at, present in ((0, [HOT]), (HOLDS - 1, []), (HOLDS, [HOT]), (2 * HOLDS - 1, [HOT])):
        alarms.look(present, at)
    assert not keys(alarms)
    assert alarms.look([HOT], 2 * HOLDS)


def test_one_that_somebody_has_heard_of_stays_and_is_silent_until_it_comes_again() -> None:
    alarms = Alarms()
    full = Condition(AlarmKind.DISK, "")
    alarms.look([full], 0)
    assert alarms.are_loud
    assert alarms.acknowledge(full.key, "1001")
    assert not alarms.acknowledge(full.key, "1002")
    alarms.look([full], 1)
    assert (keys(alarms), alarms.are_loud, alarms.all[0].acknowledged_by) == ([full.key], False, "1001")
    alarms.look([], 2)
    alarms.look([full], 3)
    assert alarms.are_loud


def test_what_nobody_has_heard_of_comes_first_and_shows_what_is_now() -> None:
    alarms = Alarms()
    device = Condition(AlarmKind.DEVICE, "scale")
    alarms.look([HOT, device], 0)
    alarms.look([HOT, device], HOLDS)
    alarms.acknowledge(device.key, "1001")
    hotter = Condition(HOT.kind, HOT.subject, "35", "30")
    alarms.look([device, hotter], HOLDS + 1)
    assert keys(alarms) == [HOT.key, device.key]
    assert alarms.all[0].condition.value == "35"


def measured(value: str | None, quantity: str = "temperature_c", probe: str = "probe") -> Measured:
    quality = Quality.GOOD if value else Quality.NO_ANSWER
    return Measured(probe, Instant(0, 0), quantity, Decimal(value) if value else None, "CEL", quality)


@pytest.mark.parametrize(
    ("reading", "limit"),
    [
        (measured("30"), None),
        (measured("30.1"), "30"),
        (measured("2"), None),
        (measured("1.9"), "2"),
        (measured(None), None),
        (measured("99", "humidity_rh"), None),
        (measured("31", "grain_temp_c"), "30"),
        (measured("99", probe="elsewhere"), None),
    ],
)
def test_a_limit_is_broken_beyond_it_and_by_a_value_only(reading: Measured, limit: str | None) -> None:
    limits = Limits(temperature_c_min=2, temperature_c_max=30)
    zone = Zone(code="COLD", name_zh="冷库", name_en="Cold store", limits=limits, probes=("probe",))
    named = {"site_id": "s", "name_zh": "库", "name_en": "W", "division_code": "330102", "maker_number": 1}
    site = SiteDocument(version=1, zones=(zone,), **named)  # type: ignore[arg-type]
    zones = zones_of(site, [reading])
    found = [breach for one in zones for breach in breaches(one, [reading])]
    assert [one.limit for one in found] == ([limit] if limit else [])


def test_probes_that_no_zone_names_are_shown_by_themselves() -> None:
    zones = zones_of(None, [measured("20"), measured("5", "humidity_rh"), measured("1", "current_a", "meter")])
    assert [(one.code, one.probes) for one in zones] == [("", ("probe",))]


def test_goods_that_pass_the_gate_alarm_while_the_book_has_them_in_a_bin() -> None:
    epc = sgtin("09520000000011", 7)
    watch, catalogue = GateWatch(), Catalogue([TENT])
    watch.see(epc, 0)
    watch.see("3000" + "0" * 20, 0)
    known = {("LS01001", "7")}

    def found(at: int) -> list[str]:
        return [one.subject for one in watch.unexplained(catalogue, lambda *piece: piece in known, at)]

    assert found(1) == ["LS01001 7"]
    known.clear()  # It was issued.
    assert found(2) == []
    known.add(("LS01001", "7"))
    assert found(REMEMBERED_MS) == ["LS01001 7"]
    assert found(REMEMBERED_MS + 1) == []


def test_a_gate_remembers_only_so_many_tags() -> None:
    watch, catalogue = GateWatch(), Catalogue([TENT])
    for n in range(TAGS_MAX + 5):
        watch.see(sgtin("09520000000011", n), n)
    found = list(watch.unexplained(catalogue, lambda item, serial: True, TAGS_MAX))
    assert len(found) == TAGS_MAX


def sgtin(gtin14: str, serial: int) -> str:
    """SGTIN-96, filter 0, seven digits of company prefix (partition 5)."""
    prefix, item = int(gtin14[1:8]), int(gtin14[0] + gtin14[8:13])
    bits = (0x30 << 88) | (0 << 85) | (5 << 82) | (prefix << 58) | (item << 38) | serial
    return f"{bits:024X}"
