"""Keys and signatures by the `openssl` program: the library for it has no build for every box, the program is on each of them."""

from __future__ import annotations

import base64
import os
import re
import ssl
import subprocess
from pathlib import Path

from onebook_edge.errors import RefusedError, RetryableError

WITHIN_S = 30  # A slow box makes a key in a second; a server that does not answer is given up.
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\n.+?-----END CERTIFICATE-----\n", re.DOTALL)


def make_key(file: Path) -> None:
    """A new ECDSA P-256 key in a file of mode 0600; one that is there already stays."""
    if file.exists():
        return
    waiting = file.with_name(file.name + ".new")
    waiting.unlink(missing_ok=True)
    key = _run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as to:
        to.write(key)
        to.flush()
        os.fsync(to.fileno())
    waiting.rename(file)


def request_for(key_file: Path, edge_id: str) -> str:
    """A certificate request (PKCS #10) for this name, signed by this key."""
    return _run("req", "-new", "-sha256", "-key", str(key_file), "-subj", f"/CN={edge_id}").decode("ascii")


def sign(key_file: Path, text: str) -> str:
    """ECDSA with SHA-256 over the text, as base64."""
    return base64.b64encode(_run("dgst", "-sha256", "-sign", str(key_file), given=text.encode("ascii"))).decode()


def shown_certificates(host: str, port: int) -> list[bytes]:
    """The certificates (DER) that a TLS server shows, before anything is said to it. Raises RetryableError."""
    try:
        shown = _run("s_client", "-connect", f"{host}:{port}", "-showcerts").decode("ascii", "replace")
    except RefusedError as error:
        raise RetryableError(f"连不上 / cannot reach {host}:{port}: {error.reason}") from error
    return [ssl.PEM_cert_to_DER_cert(one) for one in _CERTIFICATE.findall(shown)]


def _run(*arguments: str, given: bytes = b"") -> bytes:
    try:
        done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, timeout=WITHIN_S, check=True)
    except FileNotFoundError as error:
        raise RefusedError("没有 openssl 程序 / there is no program openssl", "apt-get install openssl") from error
    except subprocess.TimeoutExpired as error:
        raise RetryableError(f"openssl {arguments[0]}: {WITHIN_S} s 内无结果 / no end within {WITHIN_S} s") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RefusedError(f"openssl {arguments[0]}: {said[-1] if said else error.returncode}", "") from error
    return done.stdout
