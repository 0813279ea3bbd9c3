"""The files of the project, without what was built or run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = tuple(
    ROOT / folder
    for folder in (
        "schemas/onebook_schemas",
        "edge/onebook_edge",
        "collector/onebook_collector",
        "firmware-sim/onebook_firmware_sim",
        "deploy/onebook_deploy",
    )
)
_NOT_OURS = {"__pycache__", "node_modules", "var", "dist", "build"}
_HIDDEN_OURS = {".ci"}


def project_files(*suffixes: str) -> list[Path]:
    """Every file, or those that end so."""
    return sorted(path for path in _below(ROOT) if not suffixes or path.name.endswith(suffixes))


def package_modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in _below(package) if path.suffix == ".py")


def name_of(path: Path) -> str:
    """How a test names a file."""
    return path.relative_to(ROOT).as_posix()


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            hidden = path.name.startswith(".") and path.name not in _HIDDEN_OURS
            if not hidden and path.name not in _NOT_OURS and not path.name.endswith(".egg-info"):
                yield from _below(path)
        elif not path.name.startswith((".coverage", ".git")) and path.suffix not in (".db", ".db-wal", ".db-shm"):
            yield path
