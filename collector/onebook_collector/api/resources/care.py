"""Remote care: the configuration that the centre wants of an edge, commands, and what the edge said to both."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs, PrincipalDep, ScopeDep
from onebook_collector.api.centre import CentreDep
from onebook_collector.api.doorkeeper import address_of
from onebook_collector.api.paging import page_of
from onebook_collector.api.picture import known_edge
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, Key, Moment, PageSize
from onebook_collector.care import desk
from onebook_collector.care.desk import GivenCommand
from onebook_collector.clock import new_id
from onebook_collector.errors import RefusedError
from onebook_schemas.encoding import explain
from onebook_schemas.identifiers import DeviceId, ShortText
from onebook_schemas.remote_care import (
    LIFETIME_MS_MAX,
    Command,
    CommandAction,
    CommandOutcome,
    ConfigurationOutcome,
    ConfigurationText,
)

router = APIRouter(prefix="/edges", tags=["care"], dependencies=[Depends(Needs(Verb.READ, Resource.CARE))])

_MANAGING = [Depends(Needs(Verb.MANAGE, Resource.CARE))]


class WantedOut(ApiModel):
    version: int
    toml: str
    given_at: Moment
    given_by: str
    reason: str


class ReportedOut(ApiModel):
    version: int = Field(description="that the edge speaks of; a newer one is wanted while it is behind")
    outcome: ConfigurationOutcome = Field(
        description="trying, held, refused or rolled_back: docs/operating/remote_care.md"
    )
    problems: list[str]
    heard_at: Moment


class ConfigurationOut(ApiModel):
    """What is wanted, and what the edge says."""

    edge_id: str
    wanted: WantedOut | None = Field(description="null: nothing is wanted; it runs with its own file")
    reported: ReportedOut | None = Field(description="null: it has not said anything")


class CommandOut(ApiModel):
    edge_id: str
    command_id: str
    action: CommandAction
    device: str | None
    issued_at: Moment
    expires_at: Moment
    issued_by: str
    outcome: CommandOutcome | None = Field(description="null: nothing was heard yet; after its end, nothing will be")
    outcome_reason: str | None
    logs: str | None = Field(description="of send_logs")
    heard_at: Moment | None


class CommandPage(ApiModel):
    items: list[CommandOut] = Field(description="newest first")
    next_before: Moment | None = Field(description="give this as `before` for the next page; null: there is none")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class WantedConfiguration(_Body):
    toml: ConfigurationText = Field(description="top-level keys take the place of those in the edge's own file")
    reason: ShortText = Field(default="", description="why, for the audit log")


class NewCommand(_Body):
    action: CommandAction
    device: DeviceId | None = Field(default=None, description="of those that ask a device; for the others null")
    within_s: int = Field(default=300, ge=1, le=LIFETIME_MS_MAX // 1_000, description="expires after so many seconds")


@router.get(
    "/{edge_id}/configuration", summary="Which configuration an edge is wanted to have", responses=refusals(404)
)
async def read_configuration(centre: CentreDep, scope: ScopeDep, edge_id: Key) -> ConfigurationOut:
    await known_edge(centre, scope, edge_id)
    return await centre.administration.read(lambda connection: _configuration(connection, edge_id))


@router.put(
    "/{edge_id}/configuration",
    summary="Want another configuration of an edge",
    dependencies=_MANAGING,
    responses=refusals(404),
)
async def want_configuration(
    centre: CentreDep, principal: PrincipalDep, request: Request, edge_id: Key, wanted: WantedConfiguration
) -> ConfigurationOut:
    """It is offered to the edge at once, tried, and held or rolled back by the edge itself. 400 for what is no TOML."""
    await known_edge(centre, principal.scope, edge_id)
    now_ms, said = (
        centre.clock.now_ms(),
        {"by": principal.name, "reason": wanted.reason, "address": address_of(request)},
    )
    await centre.administration.write(lambda db: desk.want(db, edge_id, wanted.toml, now_ms=now_ms, **said))
    return await centre.administration.read(lambda connection: _configuration(connection, edge_id))


@router.get("/{edge_id}/commands", summary="Commands, and what became of them", responses=refusals(404))
async def list_commands(
    centre: CentreDep,
    scope: ScopeDep,
    edge_id: Key,
    before: Annotated[Moment | None, Query(description="given before this moment")] = None,
    limit: PageSize = 100,
) -> CommandPage:
    await known_edge(centre, scope, edge_id)

    async def newest(count: int) -> list[GivenCommand]:
        return await centre.administration.read(
            lambda connection: desk.commands_of(connection, edge_id, before_ms=before, limit=count)
        )

    found, next_before = await page_of(newest, lambda one: one.issued_at_ms, limit)
    return CommandPage(items=[_command(one) for one in found], next_before=next_before)


@router.post(
    "/{edge_id}/commands",
    summary="Make an edge do one thing, once",
    status_code=201,
    dependencies=_MANAGING,
    responses=refusals(404),
)
async def give_command(
    centre: CentreDep, principal: PrincipalDep, request: Request, edge_id: Key, asked: NewCommand
) -> CommandOut:
    """Sent until it is answered or expires. 400 for a device where none belongs, and for none where one does."""
    await known_edge(centre, principal.scope, edge_id)
    now_ms = centre.clock.now_ms()
    try:
        command = Command(
            edge_id=edge_id,
            command_id=new_id(),
            action=asked.action,
            device=asked.device,
            issued_at_ms=now_ms,
            expires_at_ms=now_ms + asked.within_s * 1_000,
            issued_by=principal.name,
        )
    except ValidationError as error:
        raise RefusedError("no_command", f"{explain(error)}. 请更正 / correct it.", status=400) from error
    await centre.administration.write(lambda db: desk.give(db, command, address=address_of(request)))
    given = await centre.administration.read(lambda db: desk.command(db, command.command_id))
    return _command(given)


def _configuration(connection: Connection, edge_id: str) -> ConfigurationOut:
    wanted, reported = desk.wanted_of(connection, edge_id), desk.reported_by(connection, edge_id)
    return ConfigurationOut(
        edge_id=edge_id,
        wanted=WantedOut(
            version=wanted.version,
            toml=wanted.toml,
            given_at=wanted.given_at_ms,
            given_by=wanted.given_by,
            reason=wanted.reason,
        )
        if wanted
        else None,
        reported=ReportedOut(
            version=reported.version,
            outcome=ConfigurationOutcome(reported.outcome),
            problems=list(reported.problems),
            heard_at=reported.heard_at_ms,
        )
        if reported
        else None,
    )


def _command(one: GivenCommand) -> CommandOut:
    return CommandOut(
        edge_id=one.edge_id,
        command_id=one.command_id,
        action=CommandAction(one.action),
        device=one.device,
        issued_at=one.issued_at_ms,
        expires_at=one.expires_at_ms,
        issued_by=one.issued_by,
        outcome=CommandOutcome(one.outcome) if one.outcome else None,
        outcome_reason=one.outcome_reason,
        logs=one.logs,
        heard_at=one.heard_at_ms,
    )
