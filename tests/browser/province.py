"""A province in the middle of a working day, for the page to show: eleven sites, some silent, goods moving. Made up."""

from __future__ import annotations

import math
import random
from typing import Any

from onebook_collector.ledger.registry import Site, import_items, import_sites, register_edge
from onebook_collector.reference import read_catalogue
from tests.contract.ledger_events import counted, line, moved, reversed_
from tests.integration.running_centre import RunningCentre

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
MORNING_MS = 1_790_041_380_000  # 2026-09-22 09:43 in China.

SITES = [
    Site("hz-01", "浙江省级综合应急物资储备库", "Zhejiang provincial reserve", "330110", 120.0, 30.3),
    Site("hz-02", "杭州市救灾物资储备库", "Hangzhou relief warehouse", "330105", 120.2, 30.3),
    Site("nb-01", "宁波市综合应急物资储备库", "Ningbo reserve warehouse", "330205", 121.5, 29.9),
    Site("wz-01", "温州市防汛物资储备库", "Wenzhou flood-control depot", "330302", 120.7, 28.0),
    Site("jx-01", "嘉兴市卫生应急保障基地", "Jiaxing health base", "330402", 120.8, 30.8),
    Site("hu-01", "湖州市粮食应急保障中心", "Huzhou grain centre", "330502", 120.1, 30.9),
    Site("sx-01", "绍兴市综合应急物资储备库", "Shaoxing reserve warehouse", "330602", 120.6, 30.0),
    Site("jh-01", "金华市应急救援平台", "Jinhua rescue platform", "330702", 119.6, 29.1),
    Site("zs-01", "舟山市海岛应急物资储备点", "Zhoushan island store", "330902", 122.1, 30.0),
    Site("tz-01", "台州市防台物资储备库", "Taizhou typhoon depot", "331002", 121.4, 28.7),
    Site("ls-01", "丽水市森林防火物资库", "Lishui forest-fire depot", "331102", 119.9, 28.5),
]
SILENT_MS = {"zs-01": 6 * HOUR_MS, "ls-01": 100 * MINUTE_MS, "wz-01": 14 * MINUTE_MS}
PEOPLE = ("张建国", "李敏", "王海涛", "陈晓燕", "周立")
TENT, BED, QUILT, RICE, COMMAND_TENT = "LS01001", "LS01006", "LS02001", "LS05001", "LS01004"


async def furnish_province(running: RunningCentre) -> None:
    """From yesterday's stock to now, 09:43; the clock stands still afterwards."""
    await running.register(_register)
    clock = running.clock
    clock.at_ms = MORNING_MS - 26 * HOUR_MS
    for number, site in enumerate(SITES):
        await running.book(site.site_id, *_opening(number), age_ms=0)
    await _climate_of_a_day(running)
    for site in sorted(SITES, key=lambda one: -SILENT_MS.get(one.site_id, 0)):
        clock.at_ms = MORNING_MS - SILENT_MS.get(site.site_id, 20_000)
        waiting = 1_284 if site.site_id == "zs-01" else 0
        running.live(site.site_id, *_climate_now(site), journal_waiting=waiting)
    await _morning(running)
    clock.at_ms = MORNING_MS - 15 * MINUTE_MS
    heard = {site.site_id: MORNING_MS - SILENT_MS.get(site.site_id, 20_000) for site in SITES}
    await running.onlooker.know({site.site_id: site.site_id for site in SITES}, heard)
    await running.centre.watcher.tick(MORNING_MS - 2 * MINUTE_MS)  # Past the grace after a start.
    clock.at_ms = MORNING_MS


def _register(book: Any) -> None:
    import_items(book, read_catalogue())
    import_sites(book, SITES)
    for site in SITES:
        register_edge(book, site.site_id, site.site_id)


def _opening(number: int) -> list[dict[str, Any]]:
    lines = [
        line(TENT, 400, to_bin="A-01-01", lot="T2026"),
        line(BED, 600, to_bin="A-02-01"),
        line(QUILT, 1_000, to_bin="B-01-02", lot="Q2025"),
        line(RICE, 40, unit="TNE", to_bin="G-01"),
    ]
    serials = [f"CT{number:02}-{n}" for n in range(4)]
    lines.append(line(COMMAND_TENT, 4, to_bin="A-03-01", serials=serials))
    return [moved(1_000 + number, "opening", *lines, actor="周立")]


async def _climate_of_a_day(running: RunningCentre) -> None:
    chance = random.Random(7)
    for number, site in enumerate(SITES):
        end = MORNING_MS - SILENT_MS.get(site.site_id, 0)
        times = range(MORNING_MS - 25 * HOUR_MS, end, 2 * MINUTE_MS)
        for quantity, mean, swing, noise in (("temperature_c", 21.5, 2.6, 0.35), ("humidity_rh", 58.0, -7.0, 1.3)):
            offset = number * 0.2 if swing > 0 else 13 * number % 9
            samples = [
                (at_ms, round(mean + offset + swing * _warmth(at_ms) + chance.gauss(0, noise), 1))
                for at_ms in times
                if not 11 * HOUR_MS < MORNING_MS - at_ms < 12 * HOUR_MS or number
            ]
            await running.measure(site.site_id, "zone-a", quantity, samples)


def _climate_now(site: Site) -> list[tuple[str, str, float | None]]:
    number, warmth = SITES.index(site), _warmth(MORNING_MS)
    return [
        ("zone-a", "temperature_c", round(21.5 + number * 0.2 + 2.6 * warmth, 1)),
        ("zone-a", "humidity_rh", round(58.0 - 7.0 * warmth + 13 * number % 9, 1)),
    ]


def _warmth(at_ms: int) -> float:
    """Warmest in the early afternoon, China time."""
    hour = (at_ms / HOUR_MS + 8) % 24
    return math.sin((hour - 8.5) / 24 * 2 * math.pi)


async def _morning(running: RunningCentre) -> None:
    """Movements of this morning, oldest first, one every minute or two."""
    order = {"kind": "DB", "number": "DB20260922-0003"}
    note = {"kind": "RK", "number": "RK20260922-0017"}
    happenings: list[tuple[str, dict[str, Any]]] = [
        ("hu-01", moved(2, "receipt", line(RICE, "12.5", unit="TNE", to_bin="G-02", source="scale"), actor=PEOPLE[1])),
        ("sx-01", counted(3, QUILT, "B-01-02", 998, lot="Q2025", actor=PEOPLE[3])),
        ("nb-01", moved(4, "bin_move", line(BED, 60, from_bin="A-02-01", to_bin="C-01-04"), actor=PEOPLE[2])),
        ("jx-01", moved(5, "receipt", line("LS99999", 3, to_bin="A-01-01"), actor=PEOPLE[0])),
        ("jh-01", moved(6, "issue", line(QUILT, 20, from_bin="B-01-02", lot="Q2025"), actor=PEOPLE[4])),
        ("jh-01", reversed_(7, 6, actor=PEOPLE[4], reason="货位错误")),
        ("hz-02", moved(8, "donation", line(QUILT, 300, to_bin="B-02-01", source="manual"), actor=PEOPLE[3])),
        ("tz-01", counted(9, TENT, "A-01-01", 400, lot="T2026", actor=PEOPLE[1], source="rfid")),
        ("hz-01", moved(10, "transfer_out", *_dispatched(), document=order, actor=PEOPLE[0])),
        ("nb-01", moved(11, "receipt", line(TENT, 120, to_bin="A-01-02", lot="T2027"), document=note, actor=PEOPLE[2])),
    ]
    for number, (edge_id, fact) in enumerate(happenings):
        running.clock.at_ms = MORNING_MS - (len(happenings) - number) * 100_000
        late_ms = 47 * MINUTE_MS if number == 4 else 4_000
        await running.book(edge_id, fact, age_ms=late_ms)


def _dispatched() -> list[dict[str, Any]]:
    return [
        line(TENT, 80, from_bin="A-01-01", lot="T2026", source="rfid"),
        line(COMMAND_TENT, 2, from_bin="A-03-01", serials=["CT00-0", "CT00-1"], source="rfid"),
    ]
