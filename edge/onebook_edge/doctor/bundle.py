"""What support needs to see of a box, in one archive, without secrets."""

from __future__ import annotations

import importlib.metadata
import io
import platform
import re
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

from onebook_edge.doctor.finding import Finding

_LOG_LINES = 2_000
_GONE = "(removed)"
_SECRET_KEY = re.compile(
    r"""(?im)((?:["']?[\w.-]*(?:password|passwd|passphrase|secret|token|credential|api_?key|private|pin)[\w.-]*["']?)\s*[=:]\s*)"""
    r"""("(?:""[\s\S]*?""|(?:\\.|[^"\\\n])*)"|'(?:''[\s\S]*?''|[^'\n]*)'|[^\s,}\]]+)"""
)
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)")
_USER_IN_ADDRESS = re.compile(r"(\w+://)[^/\s@\"']+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}")


def without_secrets(text: str) -> str:
    """The text with private keys, values of keys that name a secret, and names and passwords in addresses taken out."""
    text = _PEM.sub(_GONE, text)
    text = _SECRET_KEY.sub(rf'\1"{_GONE}"', text)
    text = _USER_IN_ADDRESS.sub(rf"\1{_GONE}@", text)
    return _BEARER.sub(rf"\1 {_GONE}", text)


def write_bundle(path: Path, configuration: Path, findings: Sequence[Finding], outbox: str) -> None:
    """Write the archive, readable by its owner only. Every text goes through `without_secrets`."""
    contents = {
        "findings.txt": "".join(f"{finding}\n" for finding in findings),
        "edge.toml": configuration.read_text(encoding="utf-8", errors="replace") if configuration.exists() else "",
        "versions.txt": _versions(),
        "outbox.txt": outbox,
        "log.txt": _log(),
    }
    path.touch(mode=0o600)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in contents.items():
            body = without_secrets(text).encode()
            member = tarfile.TarInfo(f"onebook-support/{name}")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))


def _versions() -> str:
    packages = ("onebook", "pydantic", "paho-mqtt", "pyserial")
    lines = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return "\n".join([*lines, f"python {platform.python_version()}", platform.platform(), ""])


def _log() -> str:
    if shutil.which("journalctl") is None:
        return "journalctl: not on this machine\n"
    command = ["journalctl", "--unit=onebook-edge", f"--lines={_LOG_LINES}", "--no-pager", "--output=cat"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return done.stdout + done.stderr
