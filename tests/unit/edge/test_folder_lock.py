from __future__ import annotations

from pathlib import Path

import pytest

from onebook_edge.errors import RefusedError
from onebook_edge.folder_lock import alone_in


def test_a_second_program_is_refused_and_told_what_to_do(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(RefusedError, match="systemctl stop onebook-edge"), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        pass
