"""Tasks of a warehouse: what it is to receive, issue, move, count, rotate or dispose of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from onebook_collector.administration.rights import Resource, Verb
from onebook_collector.api.access import Needs
from onebook_collector.api.centre import Centre, CentreDep
from onebook_collector.api.furnished import SiteDep, WritingDep, refuse_problems
from onebook_collector.api.refusals import refusals
from onebook_collector.api.values import ApiModel, Key, Moment, PageSize
from onebook_collector.errors import NotFoundError
from onebook_collector.furnishing import book, desk
from onebook_collector.furnishing.checking import task_problems
from onebook_collector.furnishing.desk import GivenTask
from onebook_collector.furnishing.progress import with_progress
from onebook_schemas.identifiers import DocumentNumber
from onebook_schemas.reference import Task

router = APIRouter(
    prefix="/sites/{site_id}",
    tags=["furnishings"],
    dependencies=[Depends(Needs(Verb.READ, Resource.TASKS))],
    responses=refusals(404),
)
_MANAGING = [Depends(Needs(Verb.MANAGE, Resource.TASKS))]


class TaskOut(ApiModel):
    """`done` of its lines is what the book has under its number now, and does not count what was taken back."""

    task: Task
    given_at: Moment
    given_by: str
    closed_at: Moment | None = Field(description="null: it is open")
    closed_by: str | None = Field(description="`book`: every line was done")
    closing_reason: str | None


class TaskPage(ApiModel):
    items: list[TaskOut] = Field(description="by their numbers")
    next_after: str | None = Field(description="give this as `after` for the next page; null: there is none")


class Closing(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    number: DocumentNumber
    reason: str = Field(min_length=1, max_length=200)


@router.get("/tasks", summary="Tasks of a site")
async def list_tasks(
    centre: CentreDep,
    site: SiteDep,
    open: Annotated[bool, Query(description="those that are to be done; false: also those that are over")] = True,
    after: Annotated[Key, Query(description="behind this number")] = "",
    limit: PageSize = 100,
) -> TaskPage:
    is_open = True if open else None
    given = await centre.administration.read(lambda db: desk.tasks_of(db, site.site_id, is_open=is_open))
    behind = sorted((one for one in given if _number(one) > after), key=_number)
    page = await _with_progress(centre, site.site_id, behind[:limit])
    return TaskPage(items=page, next_after=page[-1].task.document.number if len(behind) > limit else None)


@router.post("/tasks", summary="Give a task, or give it anew", dependencies=_MANAGING, responses=refusals(409))
async def give_task(centre: CentreDep, writing: WritingDep, task: Task) -> TaskOut:
    """Under its document's number, by which goods are booked for it. One that was closed is open again."""
    site_id, act = writing.site.site_id, writing.act
    given = task.model_copy(update={"lines": tuple(line.model_copy(update={"done": None}) for line in task.lines)})
    worths = await centre.ledger.read(lambda db: book.worths_of(db, {line.item for line in task.lines}))
    bins = {one.code for one in await centre.administration.read(lambda db: desk.bins_of(db, site_id))}
    refuse_problems("task_does_not_fit", task_problems(given, worths, bins))
    await writing("tasks.put", lambda db: desk.put_task(db, site_id, given, act))
    return await _read(centre, site_id, task.document.number)


@router.post("/task-closings", summary="Close a task", dependencies=_MANAGING, responses=refusals(409))
async def close_task(centre: CentreDep, writing: WritingDep, closing: Closing) -> TaskOut:
    """409 when it is closed. What was booked for it stays booked."""
    site_id, act = writing.site.site_id, writing.act
    await writing("tasks.close", lambda db: desk.close_task(db, site_id, closing.number, closing.reason, act))
    return await _read(centre, site_id, closing.number)


async def _read(centre: Centre, site_id: str, number: str) -> TaskOut:
    given = await centre.administration.read(lambda db: desk.tasks_of(db, site_id, number=number))
    if not given:
        raise NotFoundError(f"{site_id} was given no task {number!r}")
    return (await _with_progress(centre, site_id, given))[0]


async def _with_progress(centre: Centre, site_id: str, given: list[GivenTask]) -> list[TaskOut]:
    numbers, items = {_number(one) for one in given}, {line.item for one in given for line in one.task.lines}
    booked, worths = await centre.ledger.read(
        lambda db: (book.booked_for(db, site_id, numbers), book.worths_of(db, items))
    )
    return [
        TaskOut(
            task=with_progress(one.task, [its for its in booked if its.document_no == _number(one)], worths)[0],
            given_at=one.given_at_ms,
            given_by=one.given_by,
            closed_at=one.closed_at_ms,
            closed_by=one.closed_by,
            closing_reason=one.closing_reason,
        )
        for one in given
    ]


def _number(one: GivenTask) -> str:
    return one.task.document.number
