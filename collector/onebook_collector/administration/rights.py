"""Who may do what: the roles and their rights, and the one function that decides. Pure.

A right is a verb on a kind of thing. It says nothing of which things: that is the scope (`scope.py`), which narrows every answer.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from onebook_collector.errors import RefusedError
from onebook_collector.scope import Scope


class Verb(enum.StrEnum):
    READ = "read"
    DECIDE = "decide"  # Releases and rejects what waits for a person.
    MANAGE = "manage"  # Changes who may do what, and which box is which.


class Resource(enum.StrEnum):
    """Kinds of things. A new route names one of them, or adds one here and gives it to roles below."""

    SITES = "sites"
    EDGES = "edges"
    BALANCES = "balances"
    MOVEMENTS = "movements"
    HISTORIES = "histories"
    FEED = "feed"
    STREAM = "stream"
    SAMPLES = "samples"
    WARNINGS = "warnings"
    OVERVIEW = "overview"
    COVERAGE = "coverage"
    DISCREPANCIES = "discrepancies"
    CARE = "care"
    CERTIFICATES = "certificates"
    CHECKPOINTS = "checkpoints"
    QUARANTINE = "quarantine"
    FORKS = "forks"
    FURNISHINGS = "furnishings"  # Setup, zones and bins of warehouses.
    SITE_PEOPLE = "site_people"
    TASKS = "tasks"
    METRICS = "metrics"
    AUDIT = "audit"
    PEOPLE = "people"
    TOKENS = "tokens"
    OWN_SESSION = "own_session"


class Role(enum.StrEnum):
    """What people are to the centre: the plan's roles, and the administrator, who keeps the doors and decides on no goods."""

    ADMINISTRATOR = "administrator"
    PROVINCIAL_OPS = "provincial_ops"
    CITY_OPS = "city_ops"
    COUNTY_OPS = "county_ops"
    DEPARTMENT_OFFICER = "department_officer"
    WAREHOUSE_HEAD = "warehouse_head"
    KEEPER = "keeper"
    INSPECTOR = "inspector"
    CARRIER = "carrier"
    RECEIVER = "receiver"
    ENTERPRISE = "enterprise"
    INTEGRATOR = "integrator"


class Right(NamedTuple):
    verb: Verb
    resource: Resource

    def __str__(self) -> str:
        return f"{self.verb}:{self.resource}"


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever asks, once we know. `name` as the audit log has it: person:liwei, token:erp-1."""

    name: str
    rights: frozenset[Right]
    scope: Scope
    role: Role | None = None  # None: a program with a token.

    @property
    def actor(self) -> str:
        """As the book names whoever decides: people by their name, programs as token:name."""
        return self.name.removeprefix("person:")


def may(principal: Principal, verb: Verb, resource: Resource) -> bool:
    """Whether this is allowed at all. Numbers of the whole centre, and its audit log, only with the whole province in sight."""
    if resource in _OF_THE_WHOLE and (not principal.scope.is_province or principal.scope.narrows_goods):
        return False
    return Right(verb, resource) in principal.rights


_OF_THE_WHOLE = frozenset({Resource.METRICS, Resource.AUDIT, Resource.PEOPLE, Resource.TOKENS, Resource.CHECKPOINTS})


def _read(*resources: Resource) -> frozenset[Right]:
    return frozenset(Right(Verb.READ, resource) for resource in resources)


_SELF = _read(Resource.OWN_SESSION) | {Right(Verb.MANAGE, Resource.OWN_SESSION)}
_GOODS = _read(Resource.BALANCES, Resource.MOVEMENTS, Resource.HISTORIES)
_SCREEN = _read(
    Resource.SITES, Resource.EDGES, Resource.SAMPLES, Resource.WARNINGS, Resource.STREAM, Resource.OVERVIEW, Resource.COVERAGE
)  # fmt: skip
_WORKING = _SELF | _GOODS | _SCREEN | _read(Resource.DISCREPANCIES, Resource.FURNISHINGS, Resource.TASKS)
_DECIDING = (
    _WORKING
    | _read(Resource.QUARANTINE, Resource.FORKS, Resource.CARE, Resource.SITE_PEOPLE)
    | {Right(Verb.DECIDE, Resource.QUARANTINE), Right(Verb.DECIDE, Resource.DISCREPANCIES)}
)
_FURNISHING = {Right(Verb.MANAGE, one) for one in (Resource.FURNISHINGS, Resource.SITE_PEOPLE)}
_OPERATING = _DECIDING | _FURNISHING | {Right(Verb.MANAGE, Resource.TASKS)} | _read(Resource.FEED)
_EVERY_READING = _read(*Resource) | _SELF

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMINISTRATOR: _EVERY_READING
    | {
        Right(Verb.MANAGE, resource)
        for resource in (Resource.PEOPLE, Resource.TOKENS, Resource.EDGES, Resource.CARE, Resource.CERTIFICATES)
    }
    | _FURNISHING,
    Role.PROVINCIAL_OPS: _OPERATING
    | _read(Resource.METRICS, Resource.CERTIFICATES, Resource.CHECKPOINTS)
    | {Right(Verb.MANAGE, Resource.CARE)},
    Role.CITY_OPS: _OPERATING,
    Role.COUNTY_OPS: _OPERATING,
    Role.DEPARTMENT_OFFICER: _WORKING,
    Role.WAREHOUSE_HEAD: _DECIDING,
    Role.KEEPER: _WORKING,
    Role.INSPECTOR: _EVERY_READING,
    Role.CARRIER: _SELF,
    Role.RECEIVER: _SELF,
    Role.ENTERPRISE: _SELF | _GOODS,
    Role.INTEGRATOR: _SELF
    | _GOODS
    | _SCREEN
    | _read(Resource.FEED, Resource.DISCREPANCIES, Resource.FURNISHINGS, Resource.TASKS),
}


def parse_rights(texts: Iterable[str]) -> frozenset[Right]:
    """Rights of a token: "read:balances", or "read:*" for all that integrators may read. Raises RefusedError."""
    found: set[Right] = set()
    for text in texts:
        if text == "read:*":
            found |= RIGHTS[Role.INTEGRATOR] - _SELF
            continue
        verb, _, resource = text.partition(":")
        try:
            found.add(Right(Verb(verb), Resource(resource)))
        except ValueError as error:
            known = ", ".join(Resource)
            detail = f"{text!r}: 形如 read:balances / such as read:balances or read:*; 资源 resources: {known}"
            raise RefusedError("no_right", detail, status=400) from error
    return frozenset(found)
