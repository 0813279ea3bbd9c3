"""What becomes of readings when the broker, the line or the edge itself fails.

Method: as in `test_edge_costs.py`, with a line between edge and broker that can be cut or swallow everything. Each scenario lasts
fifteen seconds (the peer was measured over 60 and 300). Every register goes up by one when it is read, so what is lost or
doubled is exact. Nothing may be doubled; only readings that a killed process had not committed yet may be lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from onebook_firmware_sim.line import LineState
from onebook_schemas import topics
from onebook_schemas.encoding import decode
from onebook_schemas.uplink import Live
from tests.benchmark.figures import IS_LONG, in_words, note
from tests.benchmark.polled_edge import EDGE, Load, PolledEdge
from tests.end_to_end.line_thread import LineThread

OUTAGE_S = 15.0 if IS_LONG else 4.0
KILLS = 5
BEFORE_S, AFTER_S = 3.0, 3.0
UNCOMMITTED_S = 0.2  # A commit every 100 ms, and as long again while one is being written.


@dataclass(frozen=True, slots=True)
class Site:
    polled: PolledEdge
    line: LineThread


@dataclass(frozen=True, slots=True)
class Scenario:
    what: str
    peer: str
    outage: Callable[[Site], None]
    kills: int = 0
    per_s: int = 200
    starts_cut: bool = False
    is_quick: bool = False


def _broker_stopped(site: Site) -> None:
    site.polled.plant.broker.stop()
    time.sleep(OUTAGE_S)
    site.polled.plant.broker.start()


def _cut(site: Site) -> None:
    site.line.set(LineState.CUT)
    time.sleep(OUTAGE_S)
    site.line.set(LineState.UP)


def _hole(site: Site) -> None:
    site.line.set(LineState.HOLE)
    time.sleep(OUTAGE_S)
    site.line.set(LineState.UP)


def _killed_in_an_outage(site: Site) -> None:
    site.line.set(LineState.CUT)
    _killed_online(site)
    site.line.set(LineState.UP)


def _killed_online(site: Site) -> None:
    for _ in range(KILLS):
        time.sleep(OUTAGE_S / KILLS)
        _kill(site)


def _killed_before_it_was_ever_online(site: Site) -> None:
    time.sleep(OUTAGE_S / 2)
    _kill(site)
    time.sleep(OUTAGE_S / 2)
    site.line.set(LineState.UP)


def _kill(site: Site) -> None:
    """Kill it while it reads, and let it begin to read again."""
    site.polled.edge.kill()
    stored = site.polled.stored
    site.polled.edge.start()
    site.polled.plant.wait_until(lambda: site.polled.stored > stored)


SCENARIOS = [
    Scenario("broker stopped and started", "0 lost, 0 doubled, back after 12.5 s", _broker_stopped),
    Scenario("connection cut", "0 lost, 0 doubled, back after 15 s", _cut),
    Scenario("silent hole", "10,200 of 26,600 lost, back after 4.7 s", _hole, is_quick=True),
    Scenario("cut at 800/s", "1,200 of 375,800 lost, 6,080 doubled, back after 95 s", _cut, per_s=800),
    Scenario("SIGKILL x5 in an outage", "12,600 of 34,200 lost", _killed_in_an_outage, kills=KILLS, is_quick=True),
    Scenario("SIGKILL x5 online", "200 of 24,200 lost", _killed_online, kills=KILLS),
    Scenario(
        "started cut off, killed once", "6,800 of 18,800 lost", _killed_before_it_was_ever_online, 1, starts_cut=True
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [pytest.param(one, id=one.what) for one in SCENARIOS if IS_LONG or one.is_quick])
def test_nothing_is_doubled_and_only_what_was_not_committed_is_lost(scenario: Scenario, tmp_path: Path) -> None:
    with PolledEdge(tmp_path, Load(scenario.per_s)) as polled, LineThread(polled.plant.broker.port) as line:
        polled.uplink_port = line.port
        polled.start_centre()
        if scenario.starts_cut:
            line.set(LineState.CUT)
        polled.start_edge()
        polled.plant.wait_until(lambda: (polled.stored if scenario.starts_cut else polled.arrived) > 0)
        with LiveListener(polled.plant.broker.port) as live:
            time.sleep(BEFORE_S)
            scenario.outage(Site(polled, line))
            held, had = polled.stored, polled.arrived
            live.forget()
            back_s = polled.seconds_until(had + 1)
            caught_up_s = back_s + polled.seconds_until(held)
            time.sleep(AFTER_S)
            ages_ms = live.ages_ms
        reckoning = polled.reckon()
    back = f"back after {back_s:.1f} s, caught up after {caught_up_s:.1f} s"
    note(
        scenario.what,
        f"{reckoning.lost} of {reckoning.taken:,} lost, {reckoning.doubled} doubled, {back}",
        peer=scenario.peer,
    )
    if scenario.per_s == 800:
        note("  live message to a screen meanwhile, p50 / p99 / max", in_words(ages_ms), aim="≤ 1 s p99")
    assert reckoning.doubled == 0
    assert reckoning.lost <= scenario.kills * scenario.per_s * UNCOMMITTED_S


class LiveListener:
    """A screen: hears the edge's live messages at the broker. Reconnects by itself."""

    def __init__(self, port: int) -> None:
        self._ages_ms: list[int] = []
        self._lock = threading.Lock()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(topics.live(EDGE))
        self._client.on_message = lambda _client, _data, message: self._hear(message.payload)
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> LiveListener:
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def ages_ms(self) -> list[int]:
        """How old each message was when it came in."""
        with self._lock:
            return list(self._ages_ms)

    def forget(self) -> None:
        with self._lock:
            self._ages_ms.clear()

    def _hear(self, body: bytes) -> None:
        age_ms = time.time_ns() // 1_000_000 - decode(Live, body).wall_ms
        with self._lock:
            self._ages_ms.append(age_ms)
