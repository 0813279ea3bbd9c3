from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from onebook_edge.clock import SystemClock
from onebook_edge.links.link import LinkLost, LinkUnavailable
from onebook_edge.links.replay_link import RecordingLink, ReplayLink, ReplaySettings, read_recording
from tests.unit.edge.links.scripted_link import ScriptedLink

CLOCK = SystemClock(trusted=True)


async def test_a_recording_plays_back_the_reads_that_were_recorded(tmp_path: Path) -> None:
    scripted, path = ScriptedLink(), tmp_path / "scale.txt"
    link = RecordingLink(scripted, path, CLOCK)
    await link.open()
    link.write(b"\x05")
    scripted.say(b"ww00")
    scripted.say(b"12.5kg\r\n")
    scripted.pull_out()
    recorded = [await link.read(), await link.read()]
    with pytest.raises(LinkLost):
        await link.read()
    link.close()

    replay = ReplayLink(ReplaySettings(path=path))
    await replay.open()
    assert [await replay.read(), await replay.read()] == recorded == [b"ww00", b"12.5kg\r\n"]
    assert "sent 05" in path.read_text(encoding="ascii")
    assert "lost: unplugged" in path.read_text(encoding="ascii")


async def test_a_recording_goes_on_over_a_reconnect(tmp_path: Path) -> None:
    scripted, path = ScriptedLink(), tmp_path / "scale.txt"
    link = RecordingLink(scripted, path, CLOCK)
    for data in (b"a", b"b"):
        await link.open()
        scripted.say(data)
        await link.read()
        link.close()
    assert [data for _, data in read_recording(path)] == [b"a", b"b"]


async def test_a_recording_that_cannot_be_written_leaves_the_link_alone(tmp_path: Path) -> None:
    scripted = ScriptedLink()
    link = RecordingLink(scripted, tmp_path / "no such folder" / "scale.txt", CLOCK)
    await link.open()
    scripted.say(b"a")
    assert await link.read() == b"a"


async def test_a_recording_ends_when_the_disk_is_full() -> None:
    scripted = ScriptedLink()
    link = RecordingLink(scripted, Path("/dev/full"), CLOCK)
    await link.open()
    scripted.say(b"a")
    assert await link.read() == b"a"
    link.close()


async def test_a_recording_never_grows_beyond_its_size(tmp_path: Path) -> None:
    scripted, path = ScriptedLink(), tmp_path / "scale.txt"
    link = RecordingLink(scripted, path, CLOCK, bytes_max=100)
    await link.open()
    for _ in range(50):
        scripted.say(b"0123456789")
        assert await link.read() == b"0123456789"
    link.close()
    assert path.stat().st_size <= 150


async def test_a_replay_falls_silent_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "scale.txt"
    path.write_text("0 41\n", encoding="ascii")
    link = ReplayLink(ReplaySettings(path=path))
    await link.open()
    await link.read()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await link.read()


async def test_a_cancelled_read_of_a_replay_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "scale.txt"
    path.write_text("100 41\n", encoding="ascii")
    link = ReplayLink(ReplaySettings(path=path))
    await link.open()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await link.read()
    assert await link.read() == b"A"


@pytest.mark.parametrize("text", ["x 41\n", "0 4\n", "0\n", "", "# only a remark\n", "0 41\n0 ümlaut\n"])
async def test_a_file_that_is_no_recording_is_refused_with_a_reason(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LinkUnavailable) as refused:
        await ReplayLink(ReplaySettings(path=path)).open()
    assert refused.value.reason.code == "bad-recording"


async def test_a_missing_recording_is_a_reason_too(tmp_path: Path) -> None:
    with pytest.raises(LinkUnavailable):
        await ReplayLink(ReplaySettings(path=tmp_path / "none.txt")).open()
