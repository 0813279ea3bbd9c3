"""One examination: every check in turn, each with its findings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

from onebook_edge.clock import SystemClock
from onebook_edge.doctor import gather, judges, ports
from onebook_edge.doctor.finding import Finding, broken, fine, odd
from onebook_edge.errors import ConfigurationError
from onebook_edge.identity.broker_line import broker_line
from onebook_edge.links.serial_link import SerialSettings
from onebook_edge.settings import EdgeSettings, load_settings


def examine(configuration: Path, *, scan_bus: str = "", scan_seconds: float = 60.0) -> Iterator[Finding]:
    """Findings as they are made. Without a right configuration only the machine itself is looked at."""
    yield judges.judge_memory(gather.available_bytes())
    try:
        settings = load_settings(configuration)
    except ConfigurationError as error:
        for problem in error.problems:
            yield broken("configuration", problem, problem)
        return
    yield fine("configuration", f"配置正确 ({settings.edge_id})。", f"The configuration is right ({settings.edge_id}).")
    yield from judges.judge_clock(gather.clock_facts(settings))
    yield from judges.judge_disk(gather.disk_facts(settings))
    yield from map(judges.judge_stream, gather.stream_facts(settings))
    now_ms = SystemClock(trusted=True).now().wall_ms
    for certificate in gather.certificate_facts(settings):
        yield judges.judge_certificate(certificate, now_ms)
    agent = gather.holders_of(settings.data_folder / "journal.db")
    yield _judge_agent(agent)
    yield from _examine_uplink(settings, agent_runs=bool(agent))
    yield from _examine_ports(settings, agent, scan_bus, scan_seconds)


def _examine_uplink(settings: EdgeSettings, *, agent_runs: bool) -> Iterator[Finding]:
    try:
        line = broker_line(settings.edge_id, settings.identity_folder, settings.broker)
    except ConfigurationError as error:
        for problem in error.problems:
            yield broken("identity", problem, problem)
    else:
        yield judges.judge_uplink(asyncio.run(gather.uplink_facts(settings, line, agent_runs=agent_runs)))


def _judge_agent(agent: tuple[str, ...]) -> Finding:
    if agent:
        who = ", ".join(agent)
        return fine("agent-runs", f"采集程序在运行:{who}。", f"The agent runs: {who}.")
    unseen = "" if os.geteuid() == 0 else " (sudo?)"
    return odd(
        "agent-stopped",
        f"没有看到采集程序在运行{unseen}。请运行 systemctl start onebook-edge。",
        f"No running agent is seen{unseen}. Run `systemctl start onebook-edge`.",
    )


def _examine_ports(settings: EdgeSettings, agent: tuple[str, ...], scan: str, scan_seconds: float) -> Iterator[Finding]:
    """A port that can be opened is listened to; one that the agent has open is left to it."""
    for device in settings.devices:
        if isinstance(device.link, SerialSettings):
            facts = gather.port_facts(device.id, device.link.port, agent)
            yield judges.judge_port(facts)
            if facts.exists and facts.may_open and not facts.holders:
                yield ports.listen_to_device(device)
    for bus in settings.buses:
        if isinstance(bus.link, SerialSettings):
            facts = gather.port_facts(bus.id, bus.link.port, agent)
            yield judges.judge_port(facts)
            if facts.exists and facts.may_open and not facts.holders:
                yield from ports.scan_bus(bus, scan_seconds) if scan == bus.id else ports.ask_devices(bus)
