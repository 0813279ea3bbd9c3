from __future__ import annotations

import pytest

from onebook_collector.api.paging import page_of


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("moments", [[9, 8, 7], [9, 9, 9, 9], [9, 8, 8, 8, 8, 7], [5, 5, 4, 4, 3, 3], []])
async def test_pages_together_are_everything_once(moments: list[int], limit: int) -> None:
    seen: list[int] = []
    before: int | None = 100
    while before is not None:
        older = [one for one in moments if one < before]

        async def newest(count: int, older: list[int] = older) -> list[int]:
            return older[:count]

        page, before = await page_of(newest, lambda one: one, limit)
        seen += page
    assert seen == moments
