"""`onebook demo`: a broker, a collector, three warehouses with their edges, all on this machine, until stopped.

On stopping it compares what the simulated world did with what the book says, movement by movement, and has the book proven by
the stand-alone verifier with what the edges hold as witnesses.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import json
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

from onebook_collector.certificates.authority import Profile
from onebook_collector.clock import SystemClock, business_date, business_day
from onebook_deploy.balance_of_truth import SiteBalance, compare
from onebook_deploy.demo_certificates import DemoCertificates, broker_table
from onebook_deploy.demo_furnishings import SignIn, furnishings
from onebook_deploy.demo_site import edge_configuration
from onebook_deploy.mosquitto import BrokerTls, MosquittoMissingError, PrivateBroker, free_port
from onebook_deploy.programs import ProgramEndedError, Programs
from onebook_firmware_sim.line import Line, LineState
from onebook_firmware_sim.truth_log import StockKey, read_truth

PRESETS = ("hangzhou", "wenzhou", "lishui")
CUT_SITE = "wenzhou"
PERSON = "demo"
ITEMS = 200
SPEED = 60.0
CUT_AFTER_S, CUT_FOR_S = 12.0, 12.0  # The first cut; then one every few minutes.
CUT_EVERY_S = 180.0
DRAIN_WITHIN_S = 45.0
CHECKPOINT_EVERY = 20  # Movements: edges shall hold something soon.
VERIFIER = Path(__file__).resolve().parents[1] / "audit" / "onebook_verify.py"


def main(arguments: Sequence[str]) -> int:
    """Exit codes: 0 world and book agree and the book is proven, 1 they do not or it is not, 2 it could not begin."""
    parser = argparse.ArgumentParser(prog="onebook demo", description="在本机演示全流程 / everything on this machine")
    parser.add_argument("--duration-s", type=float, help="停止时间 / stop after so many seconds (default: Ctrl-C)")
    parser.add_argument("--port", type=int, default=8080, help="页面端口 / port of the page; another one if taken")
    parser.add_argument("--speed", type=float, default=SPEED, help="仓库作业加速 / how much faster than people")
    parser.add_argument("--keep", type=Path, help="保留文件的目录 / folder for all files; kept afterwards")
    asked = parser.parse_args(arguments)
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="onebook-demo-"))
    try:
        agree = asyncio.run(_Demo(folder, asked.port, asked.speed).run(asked.duration_s))
    except (MosquittoMissingError, ProgramEndedError) as error:
        print(f"✗ {error}\n  日志 / logs: {folder}", file=sys.stderr)
        return 2
    if agree and asked.keep is None:
        shutil.rmtree(folder)
    return 0 if agree else 1


@dataclass(slots=True)
class _Demo:
    folder: Path
    port: int
    speed: float
    programs: Programs = field(init=False)
    descriptions: dict[str, dict[str, Any]] = field(default_factory=dict)
    page: str = ""
    password: str = ""
    token: str = ""
    heads: list[SignIn] = field(default_factory=list)
    told_warnings: set[str] = field(default_factory=set)
    feed_cursor: str | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.programs = Programs(self.folder)

    async def run(self, duration_s: float | None) -> bool:
        """Whether world and book agree in the end, and the book is proven."""
        stop = _told_to_stop()
        catalogue = self._catalogue()
        certificates = DemoCertificates(self.folder / "certificates")
        server = certificates.make("broker", Profile.SERVER, "127.0.0.1")
        tls = BrokerTls(server.ca_file, server.certificate_file, server.key_file)
        broker = PrivateBroker(self.folder / "broker", free_port(), tls=tls)
        print("一本账 onebook 演示 / demonstration")
        try:
            broker.start()
            print(f"  ✓ 消息代理 / broker: mosquitto, port {broker.port}, TLS")
            self._start_warehouses(catalogue)
            self._start_collector(broker_table(broker.port, certificates.make("collector.1", Profile.COLLECTOR)))
            async with Line(broker.port) as line:
                self._start_edges(certificates, broker.port, line.port, catalogue)
                await self._watch(line, duration_s, stop)
                return await self._settle(line)
        finally:
            self.programs.stop_all()
            broker.stop()

    # Starting ---------------------------------------------------------------------------------------------------

    def _catalogue(self) -> Path:
        """The first two hundred items, as a file for simulator and edges."""
        source = resources.files("onebook_collector.reference").joinpath("catalogue.csv").read_text(encoding="utf-8")
        path = self.folder / "catalogue.csv"
        path.write_text("".join(source.splitlines(keepends=True)[: ITEMS + 1]), encoding="utf-8")
        return path

    def _start_warehouses(self, catalogue: Path) -> None:
        seed = str(secrets.randbelow(1_000_000))
        for name in PRESETS:
            folder = ("--folder", str(self._site_folder(name)), "--catalogue", str(catalogue))
            pace = ("--seed", seed, "--speed", str(self.speed))
            hearing = ("--drafts", str(self._site_folder(name) / "edge" / "drafts.json"))
            self.programs.start(f"sim-{name}", "sim", "warehouse", "--preset", name, *folder, *pace, *hearing)
        for name in PRESETS:
            self.programs.first_line(f"sim-{name}")
            ready = self._site_folder(name) / "ready"
            self.descriptions[name] = json.loads(ready.read_text(encoding="utf-8"))
            print(
                f"  ✓ 模拟仓库 / warehouse: {self.descriptions[name]['name_zh']} {self.descriptions[name]['name_en']}"
            )

    def _start_collector(self, broker: str) -> None:
        configuration = self.folder / "collector.toml"
        data = json.dumps(str(self.folder / "centre"))
        port = self.port if _is_free(self.port) else 0
        configuration.write_text(
            f"data_folder = {data}\n{broker}\napi = {{port = {port}}}\n"
            f"checkpoint = {{every_movements = {CHECKPOINT_EVERY}}}\n" + "".join(self._climate_limits()),
            encoding="utf-8",
        )
        _write_csv(self.folder / "sites.csv", self._sites())
        _write_csv(self.folder / "edges.csv", [{"edge_id": _edge_id(n), "site_id": n} for n in PRESETS])
        files = ["--sites", str(self.folder / "sites.csv"), "--edges", str(self.folder / "edges.csv")]
        files += self._furnishings()
        self.programs.run("collector", "import", "--config", str(configuration), "--items", str(ITEMS), *files)
        (self.folder / "people.csv").unlink()  # It has their PINs.
        self._make_keys(configuration)
        self.programs.start("collector", "collector", "run", "--config", str(configuration))
        self.page = self.programs.first_line("collector")
        print(f"  ✓ 中心 / centre: {self.page}")

    def _furnishings(self) -> Iterator[str]:
        """Options of the import: bins, people, tasks, as files that central operations would fill in."""
        edges = {name: _edge_id(name) for name in PRESETS}
        today = business_date(business_day(SystemClock().now_ms()))
        files, self.heads = furnishings(self.descriptions, edges, today)
        for kind, rows in files.items():
            path = self.folder / f"{kind}.csv"
            path.touch(mode=0o600)
            _write_csv(path, rows)
            yield from (f"--{kind}", str(path))

    def _make_keys(self, configuration: Path) -> None:
        """The key that signs checkpoints, somebody who may look at the page, and a token for our own questions."""
        self.programs.run("collector", "checkpoint-key", "init", "--config", str(configuration))
        self.password = secrets.token_urlsafe(12)
        file = self.folder / "password"
        file.touch(mode=0o600)
        file.write_text(self.password, encoding="utf-8")
        province = ("--config", str(configuration), "--division", "33")
        who = ("--name", PERSON, "--role", "provincial_ops", "--password-file", str(file))
        self.programs.run("collector", "people", "add", *province, *who)
        file.unlink()
        self.token = self.programs.run(
            "collector", "tokens", "issue", *province, "--name", "demo", "--days", "7"
        ).strip()

    def _start_edges(self, certificates: DemoCertificates, broker_port: int, line_port: int, catalogue: Path) -> None:
        consoles = {name: free_port() for name in PRESETS}
        for name, console_port in consoles.items():
            configuration = self._site_folder(name) / "edge.toml"
            files = certificates.make(_edge_id(name), Profile.EDGE)
            text = edge_configuration(
                self.descriptions[name],
                edge_id=_edge_id(name),
                folder=self._site_folder(name) / "edge",
                broker=broker_table(line_port if name == CUT_SITE else broker_port, files),
                catalogue=catalogue,
                console_port=console_port,
            )
            configuration.write_text(text, encoding="utf-8")
            self.programs.start(f"edge-{name}", "edge", "run", "--config", str(configuration))
        print(f"  ✓ 采集端 / edges: {', '.join(_edge_id(name) for name in PRESETS)}")
        print(f"\n  打开页面 / open the page:  {self.page}")
        print(f"  登录 / sign in:  {PERSON}  {self.password}")
        for name, console_port in consoles.items():
            print(f"  保管员屏幕 / keeper's screen: {self._name(name)}  http://127.0.0.1:{console_port}/at/bench")
        for one in self.heads:
            print(f"  仓库人员 / in the warehouse: {self._name(one.site_id)}  工牌 badge {one.badge}  PIN {one.pin}")
        print("  停止 / stop: Ctrl-C\n")

    # Watching ---------------------------------------------------------------------------------------------------

    async def _watch(self, line: Line, duration_s: float | None, stop: asyncio.Event) -> None:
        began, cut_at, cut_until = time.monotonic(), CUT_AFTER_S, 0.0
        while not stop.is_set():
            elapsed_s = time.monotonic() - began
            if duration_s is not None and elapsed_s >= duration_s:
                return
            if elapsed_s >= cut_at:
                _say(f"✂ {self._name(CUT_SITE)}: 断网 / uplink cut for {CUT_FOR_S:.0f} s; 仓库照常作业 / work goes on")
                line.set(LineState.CUT)
                cut_at, cut_until = elapsed_s + CUT_EVERY_S, elapsed_s + CUT_FOR_S
            if cut_until and elapsed_s >= cut_until:
                line.set(LineState.UP)
                cut_until = 0.0
                _say(f"✓ {self._name(CUT_SITE)}: 网络恢复，补传 / uplink back, catching up")
            self.programs.check()
            await asyncio.to_thread(self._tell_news)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 1.0)

    def _tell_news(self) -> None:
        page = self._get(f"/api/v1/feed?limit=200{f'&after={self.feed_cursor}' if self.feed_cursor else ''}")
        self.feed_cursor = page["next_after"]
        for movement in page["items"]:
            _say(f"#{movement['ledger_seq']} {self._name(movement['site_id'])}: {_in_words(movement)}")
        for warning in self._get("/api/v1/warnings/history?limit=20")["items"]:
            state = "✓ 解除 / cleared" if warning["cleared_at"] else "⚠ 预警 / warning"
            if f"{warning['id']} {state}" not in self.told_warnings:
                self.told_warnings.add(f"{warning['id']} {state}")
                _say(f"{state} {self._name(warning['site'])}: {warning['text']['zh']} {warning['text']['en']}")

    # Settling ---------------------------------------------------------------------------------------------------

    async def _settle(self, line: Line) -> bool:
        """Let people finish what they have in hand, let the edges deliver, then compare and prove."""
        line.set(LineState.UP)
        print("\n收工：等待作业与上传完成 / closing time: finishing work and uploads ...")
        await asyncio.to_thread(self.programs.stop, *(f"sim-{name}" for name in PRESETS), within_s=90.0)
        await self._drained()
        balances = [self._balance(name) for name in PRESETS]
        self.programs.stop_all()
        _print_balances(balances, self.descriptions)
        print(self._verify())
        is_proven, said = self._prove()
        print(said)
        return is_proven and all(balance.agrees for balance in balances)

    async def _drained(self) -> None:
        """Until no edge has a movement that waits. What has not come by then will show as lost."""
        deadline = time.monotonic() + DRAIN_WITHIN_S
        quiet = 0
        while quiet < 3 and time.monotonic() < deadline:
            await asyncio.sleep(1.0)
            waiting = sum(_waiting(self._site_folder(name) / "edge") for name in PRESETS)
            quiet = quiet + 1 if waiting == 0 else 0

    def _balance(self, name: str) -> SiteBalance:
        movements = [one for one in self._all("/api/v1/feed", "next_after", "after") if one["site_id"] == name]
        stock = {
            StockKey(row["place"]["bin"], row["item"]["code"], row["lot"]): Decimal(row["quantity"])
            for row in self._get(f"/api/v1/balances?site_id={name}&limit=1000")["items"]
        }
        return compare(name, read_truth(self._site_folder(name) / "truth.jsonl"), movements, stock)

    def _all(self, path: str, cursor: str, parameter: str) -> Iterator[dict[str, Any]]:
        after = ""
        while True:
            page = self._get(f"{path}?limit=200{f'&{parameter}={after}' if after else ''}")
            yield from page["items"]
            if not page["items"]:
                return
            after = page[cursor]

    def _verify(self) -> str:
        return self.programs.run("collector", "verify", "--config", str(self.folder / "collector.toml"))

    def _prove(self) -> tuple[bool, str]:
        """As an auditor would, with a program that shares no code with the centre: its last line, or all if it is not content."""
        self.programs.run("collector", "checkpoint", "--config", str(self.folder / "collector.toml"))
        witnesses = [str(self._site_folder(name) / "witness.json") for name in PRESETS]
        for name, file in zip(PRESETS, witnesses, strict=True):
            configuration = str(self._site_folder(name) / "edge.toml")
            self.programs.run("edge", "checkpoints", "--config", configuration, "--export", file)
        centre = self.folder / "centre"
        keys = ("--keys", str(centre / "checkpoint.key.pub"), "--checkpoints", *witnesses)
        command = [sys.executable, str(VERIFIER), str(centre / "ledger.db"), *keys]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode == 0, (done.stdout.splitlines() or [""])[
            -1
        ] if done.returncode == 0 else done.stdout + done.stderr

    def _get(self, path: str) -> Any:
        key = {"Authorization": f"Bearer {self.token}"}
        asked = urllib.request.Request(self.page.rstrip("/") + path, headers=key)
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)

    # What the warehouses are ------------------------------------------------------------------------------------

    def _site_folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def _name(self, site: str) -> str:
        return str(self.descriptions[site]["name_zh"]) if site in self.descriptions else site

    def _sites(self) -> list[dict[str, str]]:
        divisions = resources.files("onebook_collector.reference").joinpath("divisions.csv").read_text(encoding="utf-8")
        places = {row["code"]: row for row in csv.DictReader(divisions.splitlines())}
        return [
            {
                "site_id": name,
                "name_zh": about["name_zh"],
                "name_en": about["name_en"],
                "division_code": about["division"],
                "lon": places[about["division"]]["lon"],
                "lat": places[about["division"]]["lat"],
            }
            for name, about in self.descriptions.items()
        ]

    def _climate_limits(self) -> Iterator[str]:
        """Limits for the zones, and a short patience: a demonstration has no ten minutes to wait for a breach."""
        yield "[warnings.environment]\nbreach_after_ms = 5000\n"
        for name in PRESETS:
            yield f'[[warnings.environment.limits]]\nsite = "{name}"\nquantity = "temperature_c"\nhigh = 32.0\n'


def _print_balances(balances: Sequence[SiteBalance], descriptions: dict[str, dict[str, Any]]) -> None:
    print("\n真相对账 / balance of truth")
    print(f"  {'仓库 / warehouse':<28}{'实际 done':>10}{'账上 booked':>13}{'丢失 lost':>10}{'重复 doubled':>12}")
    for one in balances:
        name = f"{descriptions[one.site]['name_en']}"
        print(f"  {name:<30}{one.done:>9}{one.booked:>13}{len(one.lost):>12}{len(one.doubled):>13}")
        for line in one.lost:
            print(f"    ✗ 丢失 / lost: {line}")
        for line in one.doubled:
            print(f"    ✗ 重复 / doubled: {line}")
        for words in one.unlike:
            print(f"    ✗ 账实不符 / stock differs: {words}")
        if one.unseen:
            print(f"    · {one.unseen} 处短少尚待盘点 / places short, not counted or approved yet")
    agree = all(one.agrees for one in balances)
    lost, doubled = sum(len(one.lost) for one in balances), sum(len(one.doubled) for one in balances)
    print(
        f"  {'✓ 一致 / they agree' if agree else '✗ 不一致 / they do not agree'}: 丢失 lost {lost}, 重复 doubled {doubled}\n"
    )


def _in_words(movement: dict[str, Any]) -> str:
    if movement["count"] is not None:
        count = movement["count"]
        return f"盘点 count {count['item']['name']['zh']}: {count['counted']} (账面 book {count['book']})"
    if movement["reverses"]:
        return f"冲销 reversal ({movement['reason'] or ''})"
    line = movement["lines"][0] if movement["lines"] else None
    if line is None:
        return str(movement["kind"])
    more = f" +{len(movement['lines']) - 1}" if len(movement["lines"]) > 1 else ""
    quantity = max(Decimal(leg["quantity"]) for leg in line["legs"])
    kind, item = _KINDS.get(movement["kind"], movement["kind"]), line["item"]
    return f"{kind} {item['name']['zh']} {quantity} {item['unit_zh']}{more}"


_KINDS = {
    "receipt": "入库 receipt",
    "issue": "出库 issue",
    "bin_move": "移库 bin move",
    "donation": "捐赠 donation",
    "transfer_out": "调出 transfer out",
    "transfer_in": "调入 transfer in",
}


def _say(text: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')}  {text}", flush=True)


def _edge_id(name: str) -> str:
    return f"edge-{name}"


def _waiting(folder: Path) -> int:
    """Events of the journal that an outbox still holds, read from its file. Readings never cease to come."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'journal.db'}?mode=ro", uri=True)) as database:
        (last,) = database.execute("SELECT coalesce(max(through), 0) FROM event").fetchone()
        (delivered,) = database.execute("SELECT delivered_through FROM position").fetchone()
    return int(last - delivered)


def _write_csv(path: Path, rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _told_to_stop() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
