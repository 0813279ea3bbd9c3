"""`onebook edge enroll` as a person types it: with the code, and with the box's own scanner."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
import tty
from pathlib import Path

from tests.integration.tls_centre import tls_centre

EDGE = "edge-330106-01"


async def test_a_box_enrols_by_scanning_the_printed_code_with_its_own_scanner(tmp_path: Path) -> None:
    """The scanner is a pseudo serial port; an article is scanned first by mistake."""
    scanner, port = pty.openpty()
    tty.setraw(port)
    configuration = tmp_path / "edge.toml"
    configuration.write_text(
        f'edge_id = "{EDGE}"\ndata_folder = "{tmp_path}/box"\n[[devices]]\nid = "scanner-1"\ndriver = "serial_scanner"\n'
        f'link = {{kind = "serial", port = "{os.ttyname(port)}", baudrate = 9600}}\n',
        encoding="utf-8",
    )
    (tmp_path / "box").mkdir()
    async with tls_centre(tmp_path / "centre") as centre:
        invitation = await centre.office.invite(EDGE, "site-1", valid_hours=48, actor="test")
        command = [
            sys.executable,
            "-m",
            "onebook_edge",
            "enroll",
            "--scan",
            "scanner-1",
            "--config",
            str(configuration),
        ]
        unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
        running = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=unbuffered)
        assert running.stdout is not None
        said = b""
        for code in ("6901234567892", invitation.text()):
            scanning = asyncio.create_task(_scan(scanner, code))
            while (line := await running.stdout.readline()) and code[:4] not in line.decode():
                said += line
            said += line
            scanning.cancel()
        await running.wait()
    os.close(scanner)
    os.close(port)
    assert running.returncode == 0, said.decode()
    assert "不是登记码 / not an enrolment code: '6901234567892'" in said.decode()
    assert (tmp_path / "box/identity/identity.pem").exists()


async def _scan(scanner: int, code: str) -> None:
    """Again and again, as a person does until it beeps."""
    while True:
        await asyncio.sleep(0.5)
        os.write(scanner, code.encode() + b"\r")
