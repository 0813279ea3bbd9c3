"""How long after the scan that confirms a sheet is the movement on the disk, while probes are polled at full rate?

Method: the production agent polls 2,000 registers a second and has a scanner on a TCP port. One sheet after the other is
confirmed, each once the work place has said "recorded" to the one before; the agent notes when each commit was on the disk. In
turns with it, bare Python does what cannot be saved: it forces one small file and one row to the same disk. A scan that is late
by more than 50 ms counts, unless the bare write was late too.
"""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from pathlib import Path

from onebook_firmware_sim.hearing import Hearing, at_work_place
from tests.benchmark.figures import IS_LONG, in_words, note
from tests.benchmark.polled_edge import EDGE, Load, PolledEdge

SCANS = 400 if IS_LONG else 60
LATE_MS = 50.0
LATE_SHARE_MAX = 0.01 if IS_LONG else 0.05  # Of sixty scans one in a hundred is none.
TENT = "]C10109520000000011"
STEPS = 3  # Action, bin, tent.


def test_a_scan_is_on_the_disk_within_fifty_milliseconds(tmp_path: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        PolledEdge(
            tmp_path,
            Load(2_000, ranged=True),
            configuration=_scanner_at(listening.getsockname()[1]),
            module="tests.benchmark.scanning_edge",
        ) as polled,
    ):
        polled.start_edge()
        scanner, _ = listening.accept()
        polled.plant.wait_until_it_hears(EDGE, 1 + polled.load.devices)
        commits = polled.plant.edge_folder(EDGE) / "commits"
        hearing = at_work_place(polled.plant.edge_folder(EDGE) / "drafts.json", "bench")
        scanner.sendall(b"OBP-1001\r")
        bare = _bare_disk(tmp_path)
        ours_ms, bare_ms = [], []
        for _ in range(SCANS):
            ours_ms.append(_confirm_a_sheet(scanner, commits, hearing, polled))
            bare_ms.append(_write_bare(bare, tmp_path))
        scanner.close()
    late = sum(ours > LATE_MS and floor <= LATE_MS for ours, floor in zip(ours_ms, bare_ms, strict=True))
    share = f"{late} of {SCANS} late by > 50 ms"
    note("scan to disk, p50 / p99 / max", f"{in_words(ours_ms, digits=1)}; {share}", aim="≤ 50 ms p99")
    note("  one file and one row, bare", in_words(bare_ms, digits=1))
    assert late <= SCANS * LATE_SHARE_MAX


def _confirm_a_sheet(scanner: socket.socket, commits: Path, hearing: Hearing, polled: PolledEdge) -> float:
    """Milliseconds from the scan of CONFIRM to the commit."""
    scanner.sendall(f"OBC-RECEIVE\rOBB-A-01\r{TENT}\r".encode())
    polled.plant.wait_until(lambda: hearing().sheet_steps == STEPS)
    known = commits.read_bytes().count(b"\n")
    scanned_ns = time.monotonic_ns()
    scanner.sendall(b"OBC-CONFIRM\r")
    polled.plant.wait_until(lambda: not hearing().is_booking and not hearing().sheet_steps)
    return (int(commits.read_text().splitlines()[known].split()[1]) - scanned_ns) / 1e6


def _bare_disk(folder: Path) -> sqlite3.Connection:
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for statement in ("PRAGMA journal_mode=wal", "PRAGMA synchronous=full", "CREATE TABLE event (body BLOB)"):
        bare.execute(statement)
    return bare


def _write_bare(bare: sqlite3.Connection, folder: Path) -> float:
    began = time.perf_counter()
    with (folder / "draft.new").open("wb") as file:
        file.write(bytes(600))
        file.flush()
        os.fsync(file.fileno())
    os.replace(folder / "draft.new", folder / "draft")
    bare.execute("INSERT INTO event VALUES (?)", (bytes(500),))
    return (time.perf_counter() - began) * 1e3


def _scanner_at(port: int) -> str:
    return f"""
[capture.work_places.bench]
[capture.devices]
scanner = {{role = "dialogue", work_place = "bench"}}
[[devices]]
id = "scanner"
driver = "serial_scanner"
link = {{kind = "tcp", host = "127.0.0.1", port = {port}}}
settings = {{duplicate_window_ms = 0}}
"""
