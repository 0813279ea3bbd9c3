"""The key that signs checkpoints: only its owner may read it, and it is never replaced by accident."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from onebook_collector.errors import ConfigurationError
from onebook_collector.ledger.signing import create_key, load_key, public_file


def test_a_key_is_read_by_its_owner_only_and_its_public_half_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    made = create_key(path, "2026-09-21T00:00:00Z")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = load_key(path)
    assert loaded is not None
    assert (loaded.key_id, loaded.public) == (made.key_id, made.public)
    assert public_file(path).read_text() == f"{made.key_id} {made.public.hex()} 2026-09-21T00:00:00Z\n"
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_key(path)


def test_a_key_is_replaced_only_when_asked_and_the_old_public_half_stays(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.key"
    assert load_key(path) is None
    old = create_key(path, "1")
    with pytest.raises(ConfigurationError, match="rotate"):
        create_key(path, "2")
    new = create_key(path, "2", replace=True)
    assert [one.split()[0] for one in public_file(path).read_text().splitlines()] == [old.key_id, new.key_id]
