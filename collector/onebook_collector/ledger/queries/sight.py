"""What of the book is in somebody's scope, as conditions for queries. The only place where a scope becomes SQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, true

from onebook_collector.ledger import tables as t
from onebook_collector.ledger.account import Account, AccountKind
from onebook_collector.scope import Scope

ELSEWHERE = Account("elsewhere")
"""Stands for a place of a visible movement that is itself out of sight."""


def site_seen(scope: Scope) -> ColumnElement[bool]:
    """Of a row of `site`."""
    if scope.is_province:
        return true()
    below = t.site.c.division_code.startswith(scope.division, autoescape=True)
    return below if scope.site is None else and_(below, t.site.c.site_id == scope.site)


def stands_in_sight(scope: Scope, site_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Of what belongs to a site; what belongs to none is seen by the province."""
    if scope.is_province:
        return true()
    return site_id.in_(select(t.site.c.site_id).where(site_seen(scope)))


def account_seen(scope: Scope) -> ColumnElement[bool]:
    """Of a row of `account`: the division, whose goods they are, and how they are held in reserve."""
    return and_(stands_in_sight(scope, t.account.c.site_id), _concerned(scope))


def item_seen(scope: Scope) -> ColumnElement[bool]:
    """Of a row of `item`."""
    return t.item.c.category.in_(sorted(scope.categories)) if scope.categories is not None else true()


def leg_named(scope: Scope) -> ColumnElement[bool]:
    """Of the account of a leg in a line that is seen: a supplier, or goods on the way, are no secret to whoever sent them."""
    here = or_(t.account.c.site_id == "", stands_in_sight(scope, t.account.c.site_id))
    return and_(here, or_(t.account.c.kind != AccountKind.REAL.value, _concerned(scope)))


def movement_seen(scope: Scope) -> ColumnElement[bool]:
    """Of a row of `movement`: where it was reported, and that something in it is seen."""
    here = stands_in_sight(scope, t.movement.c.site_id)
    return and_(here, or_(_moves_seen(scope), _counts_seen(scope))) if scope.narrows_goods else here


def edge_seen(scope: Scope, edge_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Of an edge's name: it is registered at a site in sight; one that is not registered is seen by the province."""
    if scope.is_province:
        return true()
    return edge_id.in_(select(t.edge.c.edge_id).join(t.site).where(site_seen(scope)))


@dataclass(frozen=True, slots=True)
class EdgesInSight:
    """`edge_id in edges`, for what is not in the book: presence, samples, warnings. `names` None: every edge."""

    names: frozenset[str] | None

    def __contains__(self, edge_id: str) -> bool:
        return self.names is None or edge_id in self.names


def edges_in_sight(connection: Connection, scope: Scope) -> EdgesInSight:
    if scope.is_province:
        return EdgesInSight(None)
    return EdgesInSight(
        frozenset(connection.execute(select(t.edge.c.edge_id).join(t.site).where(site_seen(scope))).scalars())
    )


def _concerned(scope: Scope) -> ColumnElement[bool]:
    account, conditions = t.account.c, []
    if scope.department is not None:
        conditions.append(or_(account.owner_org == scope.department, account.custodian_org == scope.department))
    if scope.modes is not None:
        conditions.append(account.reserve_mode.in_(sorted(scope.modes)))
    return and_(true(), *conditions)


def _moves_seen(scope: Scope) -> ColumnElement[bool]:
    p = t.posting.c
    return exists().where(
        p.ledger_seq == t.movement.c.ledger_seq,
        p.account_id == t.account.c.account_id,
        p.item_id == t.item.c.item_id,
        account_seen(scope),
        item_seen(scope),
    )


def _counts_seen(scope: Scope) -> ColumnElement[bool]:
    counted = t.count_assertion.c
    return exists().where(
        counted.ledger_seq == t.movement.c.ledger_seq,
        counted.account_id == t.account.c.account_id,
        counted.item_id == t.item.c.item_id,
        account_seen(scope),
        item_seen(scope),
    )
