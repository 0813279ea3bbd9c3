"""A whole installation on this machine: a private broker, the centre, and edges, each a process of its own."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any

from onebook_deploy.mosquitto import PrivateBroker, free_port, mosquitto_program
from tests.end_to_end.programs import Program, run_once

CATALOGUE = files("onebook_collector.reference") / "catalogue.csv"
ONEBOOK = "onebook_deploy.command"
POLL_S = 0.05


class Plant:
    """`with Plant(folder) as plant`: nothing runs yet; at the end everything that was started is ended."""

    def __init__(self, folder: Path) -> None:
        mosquitto_program()  # Says which package is missing.
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.broker = PrivateBroker(folder / "broker", free_port())
        self.api_port = free_port()
        self._collector_configuration = folder / "collector.toml"
        self.collector = self.build_collector()
        self.edges: dict[str, Program] = {}

    def __enter__(self) -> Plant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in [*self.edges.values(), self.collector]:
            if program.is_running:
                program.kill()
        self.broker.stop()

    # Building ---------------------------------------------------------------------------------------------------

    def register(self, edge_ids: Iterable[str], *, items: int | None = None) -> None:
        """Tell the centre of these edges: each stands at a site of its own. And of the catalogue, or its first items."""
        names = list(edge_ids)
        sites, edges = self.folder / "sites.csv", self.folder / "edges.csv"
        rows = "".join(f"wh-{name},{name}库,Warehouse {name},330102,120.2,30.3\n" for name in names)
        sites.write_text("site_id,name_zh,name_en,division_code,lon,lat\n" + rows, encoding="utf-8")
        edges.write_text("edge_id,site_id\n" + "".join(f"{name},wh-{name}\n" for name in names), encoding="utf-8")
        some = ["--items", str(items)] if items else []
        self.centre("import", "--sites", str(sites), "--edges", str(edges), *some)

    def build_collector(
        self, configuration: str = "", *, port: int = 0, environment: Mapping[str, str] | None = None
    ) -> Program:
        """The centre, not started. `configuration` follows what is written here; `port`: not the broker's but a line's."""
        self._collector_configuration.write_text(
            f'data_folder = "{self.centre_folder}"\nlog_level = "WARNING"\n'
            f"[broker]\nport = {port or self.broker.port}\n[api]\nport = {self.api_port}\n{configuration}",
            encoding="utf-8",
        )
        call = (ONEBOOK, "collector", "run", "--config", str(self._collector_configuration))
        self.collector = Program("collector", self.folder, *call, environment=environment)
        return self.collector

    def add_edge(
        self,
        edge_id: str,
        configuration: str = "",
        *,
        module: str = "",
        arguments: Iterable[str] = (),
        port: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> Program:
        """An edge, not started. `configuration` follows the head that is written here; `port`: not the broker's but a line's.

        By default it is the production program; `module` names another that takes `--config` too.
        """
        path = self.folder / f"{edge_id}.toml"
        head = (
            f'edge_id = "{edge_id}"\ndata_folder = "{self.edge_folder(edge_id)}"\ncatalogue_file = "{CATALOGUE}"\n'
            f"live_interval_s = 0.5\n"
            f'[broker]\nport = {port or self.broker.port}\n[clock]\nsource = "trusted"\n'
        )
        path.write_text(head + configuration, encoding="utf-8")
        call = [module] if module else [ONEBOOK, "edge", "run"]
        self.edges[edge_id] = Program(
            edge_id, self.folder, *call, "--config", str(path), *arguments, environment=environment
        )
        return self.edges[edge_id]

    def edge_folder(self, edge_id: str) -> Path:
        return self.folder / edge_id

    @cached_property
    def key(self) -> dict[str, str]:
        """Headers of a request to the centre's API: a token that may read everything."""
        said = self.centre("tokens issue", "--name", "test", "--division", "33")
        return {"Authorization": f"Bearer {said.strip()}"}

    def start_collector(self) -> None:
        """Start the centre, and return when its page is there."""
        lines = self.collector.output_file.read_text(encoding="utf-8").count("\n") if self.collector.starts else 0
        self.collector.start()
        self.collector.said_line(lines)

    # Looking ----------------------------------------------------------------------------------------------------

    @property
    def centre_folder(self) -> Path:
        return self.folder / "centre"

    @property
    def ledger_file(self) -> Path:
        return self.centre_folder / "ledger.db"

    @property
    def administration_file(self) -> Path:
        return self.centre_folder / "administration.db"

    @property
    def metrics_file(self) -> Path:
        return self.centre_folder / "metrics.db"

    def wait_until_delivered(self, edge_ids: Iterable[str] | None = None) -> None:
        """Until the centre has acknowledged what these edges hold now; the test's time-out is its limit."""
        streams = [
            self.edge_folder(edge_id) / f"{stream}.db"
            for edge_id in (self.edges if edge_ids is None else edge_ids)
            for stream in ("journal", "telemetry")
        ]
        wanted = {stream: read(stream, "SELECT coalesce(max(through), 0) FROM event")[0][0] for stream in streams}
        self.wait_until(
            lambda: all(
                read(stream, "SELECT delivered_through FROM position")[0][0] >= last for stream, last in wanted.items()
            )
        )

    def wait_until_it_hears(self, edge_id: str, devices: int) -> None:
        """Until an edge has said in its journal that so many of its devices answer."""
        query = """
            SELECT count(DISTINCT json_extract(body, '$.fact.device')) FROM event
            WHERE json_extract(body, '$.fact.state') = 'available'
        """
        file = self.edge_folder(edge_id) / "journal.db"
        self.wait_until(lambda: has_table(file, "event") and read(file, query)[0][0] >= devices)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            for program in [*self.edges.values(), self.collector]:
                program.must_run()
            time.sleep(POLL_S)

    def centre(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a command of the centre; its output. It must succeed."""
        command, *rest = arguments
        call = ("collector", *command.split(), "--config", str(self._collector_configuration), *rest)
        done = run_once(ONEBOOK, *call, environment=environment)
        assert done.returncode == 0, f"onebook collector {command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def reading(database: Path) -> contextlib.closing[sqlite3.Connection]:
    """`with reading(file) as connection`: another process may be writing it."""
    return contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30))


def read(database: Path, query: str, values: Iterable[object] = ()) -> list[tuple[Any, ...]]:
    with reading(database) as connection:
        return connection.execute(query, tuple(values)).fetchall()


def has_table(database: Path, name: str) -> bool:
    """Whether the program that owns this database has come so far."""
    return database.exists() and bool(read(database, "SELECT 1 FROM sqlite_master WHERE name = ?", [name]))
