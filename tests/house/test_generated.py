from __future__ import annotations

import pytest

from tests.house.generated import generated_files
from tests.house.tree import ROOT


@pytest.mark.parametrize("path", sorted(generated_files()))
def test_a_generated_file_is_what_the_code_says(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == generated_files()[path], "run `make docs` and commit the result"
