"""A CSV file that leaves while it is still being read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from fastapi.responses import StreamingResponse

from onebook_collector.clock import utc
from onebook_collector.csv_text import BOM, CONTENT_TYPE, csv_lines


class CsvResponse(StreamingResponse):
    media_type = CONTENT_TYPE


def csv_response(name: str, columns: Sequence[str], lines: AsyncIterator[str], now_ms: int) -> CsvResponse:
    """`name`: of the file, before the moment. `lines`: as `csv_lines` makes them, as many at once as is convenient."""
    file = f"onebook-{name}-{utc(now_ms):%Y%m%dT%H%M%SZ}.csv"
    return CsvResponse(_file(columns, lines), headers={"Content-Disposition": f'attachment; filename="{file}"'})


async def _file(columns: Sequence[str], lines: AsyncIterator[str]) -> AsyncIterator[bytes]:
    yield (BOM + csv_lines([columns])).encode()
    async for some in lines:
        yield some.encode()
