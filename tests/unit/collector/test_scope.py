from __future__ import annotations

import pytest
from sqlalchemy import Connection, create_engine, inspect

from onebook_collector.administration.migrations import upgrade
from onebook_collector.administration.people import add_person, people
from onebook_collector.administration.rights import RIGHTS, Principal, Resource, Role, Verb, may
from onebook_collector.errors import RefusedError
from onebook_collector.scope import Scope, checked_scope

SITE = Scope("33", site="wh-1")


def test_one_site_is_no_province_whatever_its_division() -> None:
    assert not SITE.is_province
    assert not may(Principal("x", RIGHTS[Role.INSPECTOR], SITE), Verb.READ, Resource.AUDIT)


def test_a_division_covers_its_sites_and_a_site_covers_itself_only() -> None:
    assert Scope("33").covers(SITE)
    assert SITE.covers(Scope("3301", site="wh-1"))
    assert not SITE.covers(Scope("3301", site="wh-2"))
    assert not SITE.covers(Scope("3301"))


def test_a_site_without_a_name_is_none() -> None:
    with pytest.raises(RefusedError, match="no_site"):
        checked_scope(Scope("33", site=" "))


def _without_the_column(connection: Connection) -> None:
    """As tables were made before there was a scope of one site."""
    upgrade(connection, "0001")
    for table in ("person", "token"):
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN site")


@pytest.mark.parametrize("is_old", [True, False])
def test_an_older_database_learns_of_sites(is_old: bool) -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        if is_old:
            _without_the_column(connection)
        upgrade(connection)
        assert "site" in {column["name"] for column in inspect(connection).get_columns("token")}
        add_person(connection, "liwei", Role.KEEPER, SITE, "x", 0)
        assert [one.scope for one in people(connection)] == [SITE]
    engine.dispose()
