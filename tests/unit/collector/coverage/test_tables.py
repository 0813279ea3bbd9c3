"""An administration from before there was coverage."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.exc import IntegrityError

from onebook_collector.administration import coverage_tables as t
from onebook_collector.administration.migrations import upgrade


@pytest.mark.parametrize("is_old", [True, False])
def test_an_older_database_gets_the_tables_and_their_guards(is_old: bool) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        if is_old:
            upgrade(connection, "0003_one_site")
            for table in (t.facility, t.item_price, t.declared_outage, t.heard_span, t.edge_passed, *t.APPEND_ONLY):
                table.drop(connection)
        upgrade(connection)
        names = inspect(connection).get_table_names()
        assert {"facility", "item_price", "heard_span", "coverage_snapshot", "coverage_site"} <= set(names)
        connection.execute(t.coverage_snapshot.insert().values(day=1, made_at_ms=1, rule_version="1", rule="{}"))
        with pytest.raises(IntegrityError, match="never changed"):
            connection.execute(t.coverage_snapshot.delete())
    engine.dispose()
