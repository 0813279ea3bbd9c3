"""What the centre may set on an edge, laid over the box's own file. Pure.

The box keeps to itself who it is, where its files are, and what it trusts (edge_id, data_folder, catalogue_file, certificates):
whoever holds the centre must not be able to read or write elsewhere on the box, nor to make it another one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from onebook_edge.errors import ConfigurationError

CENTRE_MAY_SET = ("log_level", "live_interval_s", "broker", "outbox", "clock", "capture", "devices", "buses")
OF_THE_BROKER = ("host", "port")
LINK_KINDS = ("serial", "tcp")


def laid_over(own: Mapping[str, Any], toml: str) -> dict[str, Any]:
    """The box's own configuration with what the centre wants in its place. Raises ConfigurationError with every problem."""
    try:
        wanted = tomllib.loads(toml)
    except (tomllib.TOMLDecodeError, RecursionError) as error:  # Brackets in brackets, by the thousand.
        raise ConfigurationError([f"{error}. 不是有效的 TOML / not valid TOML."]) from error
    problems = [*_foreign_keys(wanted), *_foreign_links(wanted)]
    if problems:
        raise ConfigurationError(problems)
    if "broker" in wanted:
        wanted["broker"] = {**own.get("broker", {}), **wanted["broker"]}
    return {**own, **wanted}


def _foreign_keys(wanted: Mapping[str, Any]) -> Iterator[str]:
    for key in wanted:
        if key not in CENTRE_MAY_SET:
            known = ", ".join(CENTRE_MAY_SET)
            yield f"{key}: 只能在本机设置 / only the box itself sets this. Remove it; the centre may set {known}."
    broker = wanted.get("broker", {})
    if not isinstance(broker, dict):
        yield "broker: 应为表 / must be a table."
        return
    for key in broker:
        if key not in OF_THE_BROKER:
            yield f"broker.{key}: 只能在本机设置 / only the box itself sets this. Remove it."


def _foreign_links(wanted: Mapping[str, Any]) -> Iterator[str]:
    """A link must lead to a device, never to a file."""
    for kind in ("devices", "buses"):
        tables = wanted.get(kind)
        for n, one in enumerate(tables if isinstance(tables, list) else ()):
            link = one.get("link") if isinstance(one, dict) else None
            if not isinstance(link, dict):
                continue  # The settings say what is wrong with it.
            if link.get("kind") not in LINK_KINDS:
                yield f"{kind}.{n}.link.kind: 中心只能设置 / the centre may set only {' or '.join(LINK_KINDS)}."
            port = link.get("port")
            if link.get("kind") == "serial" and not (
                isinstance(port, str) and port.startswith("/dev/") and ".." not in port
            ):
                yield f"{kind}.{n}.link.port: 应在 /dev/ 之下 / must lie below /dev/."
