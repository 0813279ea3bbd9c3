"""InfluxStore against a real VictoriaMetrics that is killed. Skips without the Debian package; in CI that is a failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from onebook_collector.errors import RetryableError
from onebook_collector.metrics.influx_store import InfluxStore
from onebook_collector.metrics.sample import EventSamples, SampleBlock, Series
from tests.victoria_metrics import VictoriaMetrics

T0 = 1_780_000_000_000


class FixedClock:
    def now_ms(self) -> int:
        return T0 + 86_400_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[VictoriaMetrics]:
    server = VictoriaMetrics(tmp_path)
    server.start()
    yield server
    server.stop()


def event(sequence: int, device: str = "probe-1") -> EventSamples:
    block = SampleBlock(Series("edge-1", device, "temperature_c", "CEL"), (T0 + sequence * 1_000,), (float(sequence),))
    return EventSamples("edge-1", "00000000000000aa", sequence, T0, (block,))


async def test_what_write_returned_for_survives_a_sigkill_at_that_moment(server: VictoriaMetrics) -> None:
    store = InfluxStore(server.url, FixedClock())
    for sequence in range(1, 6):
        await store.write([event(sequence), event(100 + sequence, device=f"new-{sequence}")])
        server.kill()
        server.start()
    found = await store.read("edge-1", "probe-1", "temperature_c", T0, T0 + 60_000)
    assert [point.value for point in found] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert len(await store.series()) == 6
    await store.close()


async def test_a_server_that_is_gone_is_an_error_to_retry_and_the_repeat_changes_nothing(
    server: VictoriaMetrics,
) -> None:
    store = InfluxStore(server.url, FixedClock())
    await store.write([event(1)])
    server.kill()
    with pytest.raises(RetryableError, match="did not take 1 lines"):
        await store.write([event(2)])
    with pytest.raises(RetryableError):
        await store.latest()
    server.start()
    await store.write([event(1), event(2)])
    (bucket,) = await store.read_buckets("edge-1", "probe-1", "temperature_c", T0, T0 + 60_000, 3_600_000)
    assert (bucket.samples, bucket.total) == (2, 3.0)
    await store.close()


async def test_no_snapshot_is_left_behind(server: VictoriaMetrics, tmp_path: Path) -> None:
    store = InfluxStore(server.url, FixedClock())
    await store.write([event(1)])
    assert list((tmp_path / "data" / "snapshots").iterdir()) == []
    await store.close()
