"""Which version of each document was given to whom. The same content keeps its version, also over a restart of the centre.

Each function works within one transaction of the administration's database.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert as upsert

from onebook_collector.administration.furnishing_tables import given_document

PROVINCE = ""
"""In the place of an edge, for what is given to all."""


@dataclass(frozen=True, slots=True)
class GivenDocument:
    """A version of a document. `parts_before`: so many topics its last version stood on."""

    version: int
    digest: str
    parts_before: int


def given_versions(connection: Connection) -> dict[tuple[str, str], int]:
    """By edge and name."""
    rows = connection.execute(select(*given_document.c["edge_id", "name", "version"]))
    return {(row.edge_id, row.name): row.version for row in rows}


def give_document(
    connection: Connection, edge_id: str, name: str, digest: str, parts: int, *, now_ms: int, held: int
) -> GivenDocument:
    """The version of this content: the one that it has, or a new one, later than any that was given or is held."""
    its = (given_document.c.edge_id == edge_id) & (given_document.c.name == name)
    row = connection.execute(select(given_document).where(its)).first()
    if row is not None and row.digest == digest and row.version >= held:
        return GivenDocument(row.version, digest, row.parts)
    before = 0 if row is None else row.version
    version = max(now_ms, before + 1, held + 1)
    values = {"edge_id": edge_id, "name": name, "version": version, "digest": digest, "parts": parts}
    statement = upsert(given_document).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=["edge_id", "name"], set_=values))
    return GivenDocument(version, digest, 0 if row is None else row.parts)
