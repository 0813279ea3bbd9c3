"""A whole installation whose every part can be hurt: edges, lines, broker and centre, each on hardware of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from tests.chaos.certificates import Certificates
from tests.chaos.disk import SmallDisk, can_mount
from tests.chaos.hardware import Hardware
from tests.chaos.plan import BROKER, COLLECTOR, Kind
from tests.chaos.twins import Twins, empty
from tests.end_to_end.line_thread import LineThread
from tests.end_to_end.plant import POLL_S, Plant, has_table, read
from tests.end_to_end.programs import Program
from tests.end_to_end.truth import Damage, EdgeTruth

RESTARTED_AFTER_S = 1.0  # What a service manager waits before it starts a program that has ended by itself.
DIES_WITHIN_S = 5.0  # A program that met the full disk at its start may still be ending when there is room again.
_DATABASES = ("ledger", "metrics", "warnings", "administration")  # In the order that docs/operating tells.
_MARGIN_MS = 1_000
_LOADED_EDGE = "tests.end_to_end.loaded_edge"

LogKey = tuple[str, str, str]  # Edge, epoch, stream.


@dataclasses.dataclass(frozen=True, slots=True)
class Load:
    """How many movements in all, and how fast."""

    movements: int
    edges: int
    per_s: float  # Of each edge.
    at_once: int  # At most so many in one commit.
    waiting_max: int = 5_000  # Of each edge: a machine that many share may book more slowly than staff could work.

    @property
    def edge_ids(self) -> list[str]:
        return [f"edge-{number:02d}" for number in range(self.edges)]

    @property
    def of_each(self) -> int:
        return -(-self.movements // self.edges)


class World:
    """`with World(folder, load, seed) as world`: nothing runs before `start`."""

    def __init__(self, folder: Path, load: Load, seed: str, *, with_tls: bool = False) -> None:
        self.load, self._seed, self._folder = load, seed, folder
        self.plant = Plant(folder)
        self.has_small_disks = can_mount()
        self.certificates = Certificates(folder / "certificates", load.edge_ids) if with_tls else None
        if self.certificates is not None:
            self.plant.broker.tls = self.certificates.broker
        self.full: dict[str, float] = {}  # Whose disk is full, and since when.
        self.ended_by_itself: Counter[str] = Counter()
        self.restores = 0
        self.twins = Twins(self)
        self._full_ms: dict[str, list[tuple[int, int]]] = {name: [] for name in load.edge_ids}
        self._gone: dict[str, set[str]] = {name: set() for name in load.edge_ids}
        self._cards = dict.fromkeys(load.edge_ids, 1)
        self._restart_at: dict[str, float] = {}
        self._had_room_at: dict[str, float] = {}
        self._believed = {name: _GrowingFile(self.truth_folder(name) / "believed") for name in load.edge_ids}
        self._cleanup = contextlib.ExitStack()
        self.hardware: dict[str, Hardware] = {}
        self.lines: dict[str, LineThread] = {}
        self.disks: dict[str, SmallDisk] = {}

    def __enter__(self) -> World:
        with contextlib.ExitStack() as stack:
            for name in [COLLECTOR, *self.load.edge_ids]:
                self._furnish(name, stack)
            stack.enter_context(self.plant)
            self._cleanup = stack.pop_all()
        self.plant.build_collector(
            self._identity(COLLECTOR), port=self.lines[COLLECTOR].port, environment=self.hardware[COLLECTOR].environment
        )
        for name in self.load.edge_ids:
            self._add_edge(name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._keep_evidence()
        self.twins.end()
        self._cleanup.close()

    def able(self) -> list[Kind]:
        """The kinds of fault that can be done: a disk of its own takes the right to mount one."""
        impossible = {Kind.DISK_FULL: not self.has_small_disks, Kind.EXPIRED: self.certificates is None}
        return [kind for kind in Kind if not impossible.get(kind, False)]

    def start(self) -> None:
        self.plant.register(self.load.edge_ids)
        self.hardware[COLLECTOR].settle()
        self.back_up()
        self.plant.broker.start()
        for program in [self.plant.collector, *self.plant.edges.values()]:
            program.start()

    # Looking ----------------------------------------------------------------------------------------------------

    def believed(self) -> int:
        """Movements that staff believe to be booked."""
        return sum(file.lines() for file in self._believed.values())

    def wait_until(self, condition: Callable[[], bool], then: Callable[[], None] = lambda: None) -> None:
        """Until it holds; meanwhile what has ended because its disk is full is started again, and `then` is done."""
        while not condition():
            self.look_after()
            then()
            time.sleep(POLL_S)

    def look_after(self) -> None:
        """Start again what has ended because its disk is full. Raises ProgramFailedError for any other end."""
        self.twins.must_run()
        for name, program in [(COLLECTOR, self.plant.collector), *self.plant.edges.items()]:
            if not program.has_ended_by_itself:
                continue
            if name not in self.full and time.monotonic() - self._had_room_at.get(name, 0.0) > DIES_WITHIN_S:
                program.must_run()
            if time.monotonic() >= self._restart_at.setdefault(name, time.monotonic() + RESTARTED_AFTER_S):
                del self._restart_at[name]
                self.ended_by_itself[name] += 1
                program.start()

    def have_begun(self) -> bool:
        """Whether every edge has made its storage: one whose card was replaced just now takes a moment."""
        files = (
            self.storage(name) / f"{stream}.db" for name in self.load.edge_ids for stream in ("journal", "telemetry")
        )
        return all(has_table(file, "position") for file in files)

    def ends(self) -> dict[LogKey, tuple[int, bytes]]:
        """The last sequence of each stream now, and the journal's hash there."""
        found = {}
        for name in self.load.edge_ids:
            for stream in ("journal", "telemetry"):
                query = "SELECT epoch, through, chain_hash FROM identity, event ORDER BY sequence DESC LIMIT 1"
                for epoch, last, head in read(self.storage(name) / f"{stream}.db", query):
                    found[name, epoch, stream] = last, head or b""
        return found

    def centre_holds(self, ends: Mapping[LogKey, tuple[int, bytes]]) -> bool:
        """Whether its cursors have come so far, with this content: what an edge was told before a restore proves nothing."""
        query = """
            SELECT edge_id, epoch, stream, accepted_through, is_forked, (SELECT chain_hash FROM envelope
                WHERE envelope.log_id = log.log_id AND sequence = ?) FROM log WHERE (edge_id, epoch, stream) = (?, ?, ?)
        """
        for key, (last, head) in ends.items():
            rows = read(self.plant.ledger_file, query, [last, *key])
            if not rows or rows[0][3] < last or rows[0][4] or (key[2] == "journal" and rows[0][5] != head):
                return False
        return True

    def truths(self) -> Iterator[tuple[str, EdgeTruth]]:
        """What each edge wrote down, and what was done to it; one at a time, or they would not fit into memory."""
        for name in self.load.edge_ids:
            of_twins = self.twins.of(name)
            of_twins.note_ended(self.storage(name))
            damage = Damage(
                gone_with_card=frozenset(self._gone[name]),
                kept_beside=frozenset(of_twins.kept_beside),
                epochs_max=self._cards[name] + len(of_twins.ended),
                full_ms=tuple(self._full_ms[name]),
                cloned_ms=tuple(of_twins.windows),
            )
            yield name, EdgeTruth.of(self.truth_folder(name), of_twins.truths, damage)

    def is_heard(self, name: str) -> bool:
        """Whether the telemetry of this edge is delivered but for what was said just now."""
        query = "SELECT (SELECT coalesce(max(through), 0) FROM event) - delivered_through FROM position"
        file = self.storage(name) / "telemetry.db"
        return has_table(file, "position") and all(waiting <= 1 for (waiting,) in read(file, query))

    def is_unmixed(self) -> bool:
        return all(self.twins.of(name).since_ms is None for name in self.load.edge_ids)

    def epoch(self, name: str) -> str:
        ((epoch,),) = read(self.storage(name) / "journal.db", "SELECT epoch FROM identity")
        return str(epoch)

    def attempted(self, name: str) -> int:
        """Movements that staff have tried to book."""
        path = self.truth_folder(name) / "attempted"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    # Processes --------------------------------------------------------------------------------------------------

    def program(self, name: str) -> Program:
        return self.plant.collector if name == COLLECTOR else self.plant.edges[name]

    def kill(self, name: str) -> None:
        if name == BROKER:
            self.plant.broker.kill()
        else:
            self.program(name).kill()

    def revive(self, name: str) -> None:
        if name == BROKER:
            self.plant.broker.start()
        else:
            self.program(name).start()

    def send_signal(self, name: str, number: signal.Signals) -> None:
        if name == BROKER:
            assert self.plant.broker.process is not None
            self.plant.broker.process.send_signal(number)
        else:
            self.program(name).signal(number)

    # Storage ----------------------------------------------------------------------------------------------------

    def storage(self, name: str) -> Path:
        return self.plant.centre_folder if name == COLLECTOR else self.plant.edge_folder(name)

    def fill_disk(self, name: str) -> None:
        self.full[name] = time.monotonic()
        self.disks[name].fill()

    def make_room(self, name: str) -> None:
        self.disks[name].make_room()
        since = self.full.pop(name)
        self._had_room_at[name] = time.monotonic()
        if name in self._full_ms:
            until = time.monotonic()
            self._full_ms[name].append((int(since * 1000) - _MARGIN_MS, int(until * 1000) + _MARGIN_MS))

    def back_up(self) -> None:
        """As docs/operating/back_up_and_restore.md says: while it runs, the ledger first."""
        self._backup.mkdir(exist_ok=True)
        for name in _DATABASES:
            source = self.plant.centre_folder / f"{name}.db"
            if source.exists():
                with (
                    contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as now,
                    contextlib.closing(sqlite3.connect(self._backup / f"{name}.db")) as copy,
                ):
                    now.backup(copy)

    def restore(self) -> None:
        """Put the newest backup in place of the centre's files; the centre must be dead."""
        for left in self.plant.centre_folder.glob("*.db*"):
            left.unlink()
        for kept in self._backup.iterdir():
            shutil.copy(kept, self.plant.centre_folder)
        self.plant.centre("restored", "--reason", "chaos")
        self.hardware[COLLECTOR].settle()
        self.restores += 1

    def replace_card(self, name: str) -> None:
        """An empty storage card in place of the old one, which is never seen again. The edge must be dead."""
        journal = self.plant.edge_folder(name) / "journal.db"
        if has_table(journal, "event"):
            self._gone[name] |= self._not_delivered(name, journal)
        self.twins.of(name).note_ended(self.storage(name))
        empty(self.plant.edge_folder(name))
        self.hardware[name].settle()
        self._cards[name] += 1
        self.back_up()  # An older one could never again be refilled from the card that is gone.

    def _not_delivered(self, name: str, journal: Path) -> set[str]:
        ((epoch, delivered),) = read(journal, "SELECT epoch, delivered_through FROM identity, position")
        query = "SELECT accepted_through FROM log WHERE edge_id = ? AND epoch = ? AND stream = 'journal'"
        held = read(self.plant.ledger_file, query, [name, epoch])
        accepted = held[0][0] if held else 0
        excused = self.restores or self.twins.of(name).truths
        assert accepted >= delivered or excused, f"{name} believes in an ack for what the centre does not hold"
        common = self._last_in_common(name, epoch, journal, min(accepted, delivered))
        query = "SELECT json_extract(body, '$.fact.movement_id') FROM event WHERE sequence > ?"
        return {movement_id for (movement_id,) in read(journal, query, [common]) if movement_id}

    def _last_in_common(self, name: str, epoch: str, journal: Path, through: int) -> int:
        """Up to where the book holds the content of this card: that of a clone may have come first."""
        if not self.twins.of(name).truths:
            return through
        query = """
            SELECT sequence, chain_hash FROM envelope JOIN log USING (log_id)
            WHERE (edge_id, epoch, stream) = (?, ?, 'journal') AND sequence <= ? ORDER BY sequence
        """
        own = dict(read(journal, "SELECT sequence, chain_hash FROM event"))
        same = 0
        for sequence, chain_hash in read(self.plant.ledger_file, query, [name, epoch, through]):
            if own.get(sequence, chain_hash) != chain_hash:
                break
            same = sequence
        return same

    # Building ---------------------------------------------------------------------------------------------------

    @property
    def _backup(self) -> Path:
        return self._folder / "backup"

    def truth_folder(self, name: str) -> Path:
        return self._folder / "truth" / name

    def _furnish(self, name: str, stack: contextlib.ExitStack) -> None:
        storage = self.storage(name)
        if self.has_small_disks:
            self.disks[name] = SmallDisk(storage)
            self.disks[name].mount()
            stack.callback(self.disks[name].unmount)
        self.hardware[name] = Hardware(storage, self._folder / "hardware" / name)
        self.lines[name] = stack.enter_context(LineThread(self.plant.broker.port))

    def _identity(self, name: str) -> str:
        return self.certificates.configuration(name) if self.certificates is not None else ""

    def _keep_evidence(self) -> None:
        """The small disks go when the world ends: what is on them is copied, when nobody writes any more."""
        self.twins.end()
        for program in [self.plant.collector, *self.plant.edges.values()]:
            if program.is_running:
                program.kill()
        for name in self.disks:
            with contextlib.suppress(OSError, shutil.Error):  # Files come and go; the failure itself matters.
                shutil.copytree(self.storage(name), self._folder / "evidence" / name)

    def _add_edge(self, name: str) -> None:
        self.truth_folder(name).mkdir(parents=True)
        self.plant.add_edge(
            name,
            self._identity(name),
            module=_LOADED_EDGE,
            arguments=self._orders(self.truth_folder(name), f"{self._seed}/{name}", self.load.of_each),
            port=self.lines[name].port,
            environment=self.hardware[name].environment,
        )

    def build_twin(self, name: str, folder: Path, probe_from: int) -> Program:
        """A second box with the identity of the first and a storage of its own, on the same line. Not started."""
        text = (self.plant.folder / f"{name}.toml").read_text(encoding="utf-8")
        configuration = folder / "edge.toml"
        configuration.write_text(text.replace(str(self.storage(name)), str(folder / "storage")), encoding="utf-8")
        orders = self._orders(folder / "truth", f"{self._seed}/{folder.name}", self.load.movements)
        call = ("--config", str(configuration), *orders, "--probe-from", str(probe_from))
        return Program("edge", folder, _LOADED_EDGE, *call)

    def _orders(self, truth_folder: Path, seed: str, movements: int) -> tuple[str, ...]:
        return (
            *("--movements", str(movements), "--per-s", str(self.load.per_s), "--at-once", str(self.load.at_once)),
            *("--waiting-max", str(self.load.waiting_max), "--truth", str(truth_folder), "--seed", seed),
        )


class _GrowingFile:
    """Counts the lines of a file that only grows, and reads each once."""

    def __init__(self, path: Path) -> None:
        self._path, self._read, self._lines = path, 0, 0

    def lines(self) -> int:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read)
                fresh = file.read()
            self._read += len(fresh)
            self._lines += fresh.count(b"\n")
        return self._lines
