"""`onebook demo` as a person runs it: everything on one machine, and at the end world and book agree."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_demonstration_ends_with_world_and_book_in_agreement() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "onebook_deploy.command", "demo", "--duration-s", "45", "--port", "0"],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for word in (
        "入库 receipt",
        "出库 issue",
        "盘点 count",
        "冲销 reversal",
        "预警 / warning",
        "断网 / uplink cut",
        "补传",
        "仓库人员 / in the warehouse",
    ):
        assert word in done.stdout, f"{word!r} did not happen:\n{done.stdout}"
    assert "丢失 lost 0, 重复 doubled 0" in done.stdout
    assert "✓ 账本属实 / proven" in done.stdout.splitlines()
