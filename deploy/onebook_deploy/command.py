"""`onebook`: one command, a sub-command for each program. Only the program that is asked for is imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Program(NamedTuple):
    module: str
    extra: str  # The extra of the package that brings its libraries.
    zh: str
    en: str


PROGRAMS = {
    "edge": Program("onebook_edge.cli", "edge", "仓库端采集程序", "the agent in a warehouse"),
    "collector": Program("onebook_collector.cli", "collector", "省级中心", "the centre"),
    "ca": Program("onebook_collector.ca_cli", "collector", "证书与登记", "certificates and enrolment"),
    "sim": Program("onebook_firmware_sim.cli", "simulator", "模拟设备与仓库", "simulated devices and warehouses"),
    "demo": Program("onebook_deploy.demo", "dev", "在本机演示全流程", "everything together on this machine"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one program; its exit code is ours."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] not in PROGRAMS:
        print(_usage(), file=sys.stderr)
        return 0 if words[:1] in (["--help"], ["-h"], ["help"]) else 2
    name, rest = words[0], words[1:]
    program = PROGRAMS[name]
    try:
        module = importlib.import_module(program.module)
    except ModuleNotFoundError as error:
        print(f"缺少组件 / not installed: {error.name}. pip install 'onebook[{program.extra}]'", file=sys.stderr)
        return 2
    run: Callable[[Sequence[str]], int] = module.main
    return run(rest)


def _usage() -> str:
    rows = "\n".join(f"  {name:<10} {program.zh} / {program.en}" for name, program in PROGRAMS.items())
    return f"用法 / usage: onebook PROGRAM ...\n\n{rows}\n\n  onebook PROGRAM --help"


if __name__ == "__main__":
    sys.exit(main())
