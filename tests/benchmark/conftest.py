from __future__ import annotations

import pytest

from tests.benchmark.figures import FIGURES, IS_LONG, table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("figures" if IS_LONG else "figures (short form; ONEBOOK_BENCH=long measures properly)")
        for line in table():
            terminalreporter.line(line)
