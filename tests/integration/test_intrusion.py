"""Goal: nobody gets at anything beyond their rights and their scope, by any address of the API or the pages.

Method: a real centre in process with goods in three cities; every operation of the OpenAPI document is asked by every role in
every region, and with every way of being nobody. What comes back may only be what the role may read, and may hold no name of
another city: each city's names contain a mark of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import Connection, select

from onebook_collector.administration.people import set_lock
from onebook_collector.administration.rights import RIGHTS, Principal, Resource, Right, Role, Verb, may
from onebook_collector.administration.tables import audit_entry
from onebook_collector.administration.tokens import revoke_token
from onebook_collector.api.app import openapi_document
from onebook_collector.certificates.authority import Profile, new_key
from onebook_collector.coverage import registers
from onebook_collector.coverage.facility import Facility, Goods, Kind, Level
from onebook_collector.coverage.rule import CoverageRule
from onebook_collector.coverage.runner import CoverageRunner
from onebook_collector.coverage.survey import Sources
from onebook_collector.furnishing import desk
from onebook_collector.furnishing.desk import Act, Setup, SiteZone
from onebook_collector.ledger.registry import Site, import_items, import_sites, register_edge
from onebook_collector.scope import Scope
from onebook_schemas.reference import Bin, PersonOnSite, Task, TaskAction
from onebook_schemas.stock_events import Document, DocumentKind, Holding
from tests.contract.ledger_events import CATALOGUE, EPOCH, LOT, SERIAL, counted, line, moved, movement_id
from tests.integration.running_centre import PASSWORD, RunningCentre, running_centre, serving

CITIES = {"hz": "3301", "h2": "3301", "nb": "3302"}
"""Two warehouses in one city, and one in another."""
MARK = "secret-{}"
SERIALS: dict[str, str] = {}
"""City -> the certificate of its edge."""
DAY_MS = 86_400_000
OPERATIONS = [
    (path, method, operation)
    for path, methods in openapi_document()["paths"].items()
    for method, operation in methods.items()
]


OF_NO_CITY = ("/forks", "/people", "/tokens", "/checkpoints", "/metrics")
"""Answers that name no city, or have nothing to tell here."""


def mark(city: str) -> str:
    return MARK.format(city)


async def furnish_cities(running: RunningCentre) -> None:
    """Goods, a serial, a count, a shortage, a thing in quarantine, a climate, a warning, bins, people, a task in each city."""

    def register(book: Any) -> None:
        import_items(book, CATALOGUE)
        import_sites(
            book, [Site(f"wh-{mark(c)}", f"{mark(c)}库", f"Store {mark(c)}", f"{code}02") for c, code in CITIES.items()]
        )
        for city in CITIES:
            register_edge(book, f"edge-{mark(city)}", f"wh-{mark(city)}")

    await running.register(register)
    for number, city in enumerate(CITIES):
        edge, first = f"edge-{mark(city)}", 100 * (number + 1)
        lot, person = f"lot-{mark(city)}", f"person-{mark(city)}"
        await running.book(
            edge,
            moved(first, "receipt", line(LOT, 40, to_bin=f"A-{city}", lot=lot), actor=person),
            moved(first + 1, "receipt", line(SERIAL, 1, to_bin=f"A-{city}", serials=[f"S-{mark(city)}"]), actor=person),
            moved(first + 2, "issue", line(LOT, 50, from_bin=f"A-{city}", lot=lot), actor=person),
            counted(first + 3, LOT, f"A-{city}", 3, lot=lot, actor=person),
            moved(first + 4, "receipt", line(f"X-{city}", 3, to_bin="A-01"), actor=person),
        )
        at_ms = running.clock.at_ms - 60_000
        await running.measure(edge, f"probe-{mark(city)}", "temperature_c", [(at_ms, 21.0)])
        running.live(edge, (f"probe-{mark(city)}", "temperature_c", 21.0))
        await running.centre.administration.write(partial(_furnish_site, city=city))
    office = running.centre.certificates
    for city in CITIES if office is not None else ():
        assert office is not None
        edge, (key, _) = f"edge-{mark(city)}", new_key()
        await office.invite(edge, f"wh-{mark(city)}", valid_hours=900, actor="test")
        issued = await office.issue(edge, Profile.EDGE, key, days=90, actor="test")
        SERIALS[city] = issued.serial
    await running.centre.administration.write(_cover_cities)
    centre = running.centre
    sources = Sources(centre.ledger, centre.administration, centre.metrics, centre.watcher, centre.verifier)
    await CoverageRunner(sources, CoverageRule(), running.clock).look()
    await running.onlooker.know({f"edge-{mark(city)}": f"wh-{mark(city)}" for city in CITIES}, {})
    await running.centre.watcher.tick(running.clock.at_ms)
    running.clock.at_ms += DAY_MS
    await running.centre.watcher.tick(running.clock.at_ms)


def _cover_cities(connection: Connection) -> None:
    """Facilities; those of hz were taken out of scope, so that its name is in the province's answer."""
    store = Facility("", Level.COUNTY, Kind.FLOOD_DEPOT, frozenset({Goods.GOVERNMENT}), active_since=date(2020, 1, 1))
    removal = {"removed_on": date(2026, 9, 1), "removal_approval": "1", "removal_reason": "closed"}
    rows = [replace(store, site_id=f"wh-{mark(c)}", department=mark(c), **removal) for c in CITIES]
    registers.put_facilities(connection, rows, by="test", now_ms=1)


def _furnish_site(connection: Connection, city: str) -> None:
    site_id, name, act = f"wh-{mark(city)}", mark(city), Act("person:liwei", 1)
    setup = Setup(maker_number=1, holdings=(Holding(owner_org=name),))
    desk.set_up(connection, site_id, setup, act, neighbours=())
    desk.put_zones(connection, site_id, [SiteZone(code="Z", name_zh=name, name_en=name)], act)
    desk.put_bins(connection, site_id, [Bin(code=f"A-{city}", name_zh=name)], act)
    for badge in (f"k-{name}", f"stays-{name}"):
        person = PersonOnSite(badge=badge, name=name, role="keeper")
        desk.put_person(connection, site_id, person, act, keep_pin=False)
    paper = Document(kind=DocumentKind.TASK, number=f"RW-{name}")
    desk.put_task(connection, site_id, Task(document=paper, action=TaskAction.MOVE, title_zh=name, title_en=name), act)


@pytest_asyncio.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningCentre]:
    async with running_centre(tmp_path_factory.mktemp("cities"), has_authority=True) as found:
        await furnish_cities(found)
        yield found


@pytest_asyncio.fixture
async def api(running: RunningCentre) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://centre") as client:
        yield client


def questions(city: str) -> list[tuple[str, str, str | None, dict[str, str], dict[str, Any] | None]]:
    """Every operation, about things of this city: method, address, right, query, body."""
    number = 100 * (list(CITIES).index(city) + 1)
    named = {
        "site_id": f"wh-{mark(city)}",
        "edge_id": f"edge-{mark(city)}",
        "movement_id": movement_id(number),
        "item": SERIAL,
        "serial": f"S-{mark(city)}",
        "lot": f"lot-{mark(city)}",
        "badge": f"k-{mark(city)}",
        "epoch": EPOCH,
        "stream": "journal",
        "sequence": "5",
        "id": str(list(CITIES).index(city) + 1),
        "code_id": str(list(CITIES).index(city) + 1),
        "certificate": SERIALS.get(city, "0"),
    }
    about = {
        "edge_id": f"edge-{mark(city)}",
        "device": f"probe-{mark(city)}",
        "quantity": "temperature_c",
        "from": "2026-09-20T00:00:00Z",
        "until": "2026-09-22T00:00:00Z",
    }
    found = []
    for path, method, operation in OPERATIONS:
        if path.endswith("/stream"):
            continue  # It does not end; asked below.
        address = path.replace("/lots/{item}", f"/lots/{LOT}")
        for name, value in named.items():
            address = address.replace(f"{{{name}}}", value)
        required = {
            each["name"] for each in operation.get("parameters", ()) if each["in"] == "query" and each.get("required")
        }
        body = _body(path, method, city)
        found.append((method, address, operation.get("x-right"), {name: about[name] for name in required}, body))
        narrowing = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"} & {
            "site_id",
            "division",
        }
        for name in narrowing:
            query = {"site_id": f"wh-{mark(city)}", "division": CITIES[city]}[name]
            found.append((method, address, operation.get("x-right"), {name: query}, body))
    return found


def _body(path: str, method: str, city: str) -> dict[str, Any] | None:
    bodies: dict[str, dict[str, Any]] = {
        "reject": {"reason": "intrusion"},
        "revoke": {"reason": "intrusion"},
        "close": {"note": "intrusion"},
        "password": {"old": "x", "new": "y"},
        "configuration": {"toml": "", "reason": "intrusion"},
        "commands": {"action": "identify"},
        "enrolment-codes": {"edge_id": f"edge-{mark(city)}", "site_id": f"wh-{mark(city)}"},
    }
    return bodies.get(path.rpartition("/")[2], {}) if method in ("post", "put") else None


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_no_role_in_no_region_sees_or_does_what_it_may_not(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    """Some of these write and decide: whoever may, may only in their own city, or warehouse."""
    cases, leaks = 0, []
    regions: dict[Scope, set[str]] = {
        Scope("33"): set(CITIES),
        Scope("3301"): {"hz", "h2"},
        Scope("330202"): {"nb"},
        Scope("33", site=f"wh-{mark('hz')}"): {"hz"},
        Scope("3302", site=f"wh-{mark('hz')}"): set(),
    }
    for role, (scope, seen) in itertools.product(Role, regions.items()):
        key = await running.token(role=role, scope=scope)
        principal = Principal("token:x", RIGHTS[role], scope)
        for number, city in enumerate(CITIES):
            for method, address, right, query, body in questions(city):
                allowed = right is None or _allows(principal, right)
                if not allowed and number:
                    continue  # Without the right it makes no difference what is asked about.
                answer = await api.request(method, address, params=query, json=body, headers=key)
                cases += 1
                hidden = [mark(other) for other in CITIES if other not in seen and mark(other) in answer.text]
                echoed = answer.status_code == 404 and hidden == [
                    mark(city)
                ]  # The name that was asked for, in the refusal.
                is_own = address == "/api/v1/session"  # Says which site is in one's scope.
                if hidden and not echoed and not is_own:
                    leaks.append((role, scope, method, address, answer.status_code, hidden))
                if not allowed and answer.status_code != 403:
                    leaks.append((role, scope, method, address, answer.status_code, "without the right"))
                if method != "get" and answer.status_code < 300 and city not in seen:
                    leaks.append((role, scope, method, address, answer.status_code, "wrote"))
    print(f"{cases} cases, {len(leaks)} leaks")
    assert leaks == []
    assert cases >= 5_000


def _allows(principal: Principal, right: str) -> bool:
    verb, _, resource = right.partition(":")
    return may(principal, Verb(verb), Resource(resource))


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        (Role.CITY_OPS, Scope("3301")),
        (Role.WAREHOUSE_HEAD, Scope("33", site=f"wh-{mark('hz')}")),
        (Role.KEEPER, Scope("330102", site=f"wh-{mark('hz')}")),
        (Role.ADMINISTRATOR, Scope("33")),
    ],
    ids=str,
)
async def test_what_a_role_may_read_of_its_own_city_is_there(
    running: RunningCentre, api: httpx.AsyncClient, role: Role, scope: Scope
) -> None:
    """Or the test above would be content with a centre that tells nobody anything."""
    key = await running.token(role=role, scope=scope)
    silent = []
    for method, address, right, query, _body in questions("hz"):
        principal = Principal("x", RIGHTS[role], scope)
        if (
            method == "get"
            and right
            and _allows(principal, right)
            and "division" not in query
            and "/session" not in address
        ):
            everything = query | {"decided": "true", "closed": "true"}  # Also what the test above has decided on.
            answer = await api.get(address, params=everything, headers=key)
            if mark("hz") not in answer.text and not address.endswith(
                ("/forks", "/people", "/tokens", "/checkpoints", "/metrics")
            ):
                silent.append((address, answer.status_code, answer.text[:200]))
    assert silent == []


async def test_nobody_is_told_nothing(running: RunningCentre, api: httpx.AsyncClient) -> None:
    revoked = await running.token()
    await running.centre.administration.write(lambda c: revoke_token(c, f"test-{running._tokens}", running.clock.at_ms))
    expired = await running.token(days=0)
    nobodies: list[dict[str, str]] = [
        {},
        revoked,
        expired,
        {"Authorization": "Bearer obt_" + "A" * 43},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic bGl3ZWk6cHc="},
        {"Cookie": "onebook=" + "A" * 43},
    ]
    for headers in nobodies:
        for method, address, right, query, body in questions("hz"):
            answer = await api.request(method, address, params=query, json=body, headers=headers)
            if right is not None:
                assert answer.status_code == 401, (headers, address)
                assert answer.headers["content-type"] == "application/problem+json"
            assert mark("hz") not in answer.text


async def test_the_feed_of_a_city_tells_no_number_of_another(running: RunningCentre, api: httpx.AsyncClient) -> None:
    """Neither its cursor, nor the place from which a cursor that lies ahead may go on."""
    key = await running.token(role=Role.CITY_OPS, scope=Scope("3301"))
    page = (await api.get("/api/v1/feed", headers=key)).json()
    own = [one["ledger_seq"] for one in page["items"]]
    assert own
    epoch, _, last = page["next_after"].rpartition(".")
    assert int(last) == own[-1]
    ahead = await api.get("/api/v1/feed", params={"after": f"{epoch}.{own[-1] + 1}"}, headers=key)
    assert (ahead.status_code, ahead.json()["restart_after"]) == (410, page["next_after"])
    foreign = Scope("3399")
    nothing = (await api.get("/api/v1/feed", headers=await running.token(role=Role.CITY_OPS, scope=foreign))).json()
    assert (nothing["items"], nothing["next_after"]) == ([], f"{epoch}.0")


async def test_goods_that_do_not_concern_a_department_are_not_there(
    running: RunningCentre, api: httpx.AsyncClient
) -> None:
    for scope in (
        Scope("33", department="卫生健康局"),
        Scope("33", categories=frozenset({"energy"})),
        Scope("33", modes=frozenset({"capacity_reserve"})),
    ):
        key = await running.token(role=Role.DEPARTMENT_OFFICER, scope=scope)
        for path in ("/balances", "/movements", "/discrepancies"):
            assert (await api.get("/api/v1" + path, headers=key)).json()["items"] == []
    key = await running.token(role=Role.DEPARTMENT_OFFICER, scope=Scope("33", categories=frozenset({"life_support"})))
    assert (await api.get("/api/v1/movements", headers=key)).json()["items"]


async def test_a_stream_tells_only_of_its_own_city_and_ends_with_the_token(tmp_path: Path) -> None:
    async with running_centre(tmp_path) as running:
        await furnish_cities(running)
        key = await running.token(role=Role.CITY_OPS, scope=Scope("3301"))
        async with serving(running) as address, httpx.AsyncClient(base_url=address, timeout=20, headers=key) as client:
            for path in ("/api/v1/stream", "/overview/events"):
                heard = ""
                async with client.stream("GET", path) as answer:
                    lines = answer.aiter_lines()
                    heard += await anext(lines)
                    await running.book(
                        f"edge-{mark('nb')}", moved(901 + len(path), "receipt", line(LOT, 7, to_bin="B-nb"))
                    )
                    running.live(f"edge-{mark('nb')}", (f"probe-{mark('nb')}", "temperature_c", 22.0))
                    running.live(f"edge-{mark('hz')}", (f"probe-{mark('hz')}", "temperature_c", 23.5))
                    await running.book(
                        f"edge-{mark('hz')}", moved(951 + len(path), "receipt", line(LOT, 7, to_bin="B-hz"))
                    )
                    async for text in lines:
                        heard += text
                        if mark("hz") in text and "B-hz" in text:
                            break
                assert mark("nb") not in heard
            async with client.stream("GET", "/overview/events") as answer:
                lines = answer.aiter_lines()
                await anext(lines)
                name = f"test-{running._tokens}"
                await running.centre.administration.write(lambda c: revoke_token(c, name, running.clock.at_ms))
                assert "event: signed_out" in [text async for text in lines]


# People ---------------------------------------------------------------------------------------------------------


OWN_PAGE = {"Origin": "http://centre"}


@pytest_asyncio.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[tuple[RunningCentre, httpx.AsyncClient]]:
    async with running_centre(tmp_path) as running:
        transport = httpx.ASGITransport(running.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://centre") as client:
            yield running, client


Fresh = tuple[RunningCentre, httpx.AsyncClient]


async def sign_in(client: httpx.AsyncClient, name: str, password: str, **headers: str) -> httpx.Response:
    form = {"name": name, "password": password}
    return await client.post("/sign-in", data=form, headers=headers or OWN_PAGE)


async def test_whoever_signs_in_sees_the_page_until_they_sign_out(fresh: Fresh) -> None:
    running, client = fresh
    asked = await client.get("/", headers={"Accept": "text/html"})
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in")
    password = await running.person("李敏")
    answer = await sign_in(client, "李敏", password)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert (await client.get("/")).status_code == 200
    kept = dict(client.cookies)
    assert (await client.post("/sign-out", headers=OWN_PAGE)).status_code == 303
    client.cookies.update(kept)  # A copy of the cookie is worth nothing now.
    assert (await client.get("/")).status_code == 401


async def test_a_session_id_that_somebody_planted_is_not_taken_up(fresh: Fresh) -> None:
    running, client = fresh
    planted = (await running.signed_in("mallory"))["onebook"]
    await sign_in(client, "victim", await running.person("victim"), Cookie=f"onebook={planted}", **OWN_PAGE)
    assert client.cookies["onebook"] != planted
    assert (await client.get("/api/v1/session")).json()["name"] == "person:victim"
    client.cookies.clear()
    again = await client.get("/api/v1/session", headers={"Cookie": f"onebook={planted}"})
    assert again.status_code == 401, "the session that was shown has ended"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"X-Of": "no page"}],
    ids=str,
)
async def test_a_write_that_another_page_began_is_refused(fresh: Fresh, headers: dict[str, str]) -> None:
    running, client = fresh
    assert (await sign_in(client, "李敏", await running.person("李敏"), **headers)).status_code == 403
    client.cookies.update(await running.signed_in("wang"))
    name = f"/api/v1/quarantine/edge-1/{EPOCH}/journal/1/reject"
    assert (await client.post(name, json={"reason": "x"}, headers=headers)).status_code == 403
    assert (await client.post(name, json={"reason": "x"}, headers=OWN_PAGE)).status_code == 404


async def test_no_write_of_the_api_can_be_begun_by_another_page(fresh: Fresh) -> None:
    """Whatever operations there are, by whoever may do most. What needs no session cannot be begun in somebody's name."""
    running, client = fresh
    client.cookies.update(await running.signed_in("root", Role.ADMINISTRATOR))
    writes = [
        (method, address, body) for method, address, right, _, body in questions("hz") if method != "get" and right
    ]
    assert writes
    for method, address, body in writes:
        for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {}):
            answer = await client.request(method, address, json=body, headers=headers)
            problem = answer.json()["type"].rpartition(":")[2]
            assert (answer.status_code, problem) == (403, "cross_site_request"), address


async def test_a_session_ends_when_it_idles_and_at_the_latest_after_half_a_day(fresh: Fresh) -> None:
    running, client = fresh
    client.cookies.update(await running.signed_in())
    for _ in range(9):
        running.clock.at_ms += 90 * 60_000 - 1
        last = await client.get("/api/v1/session")
    assert last.status_code == 401, "twelve hours, however busy"
    client.cookies.update(await running.signed_in("wang"))
    assert (await client.get("/api/v1/session")).status_code == 200
    running.clock.at_ms += 120 * 60_000
    assert (await client.get("/api/v1/session")).status_code == 401


async def test_guessing_meets_growing_pauses_and_the_right_password_waits_too(fresh: Fresh) -> None:
    running, client = fresh
    password = await running.person("李敏")
    statuses = [(await sign_in(client, "李敏", f"guess number {n}")).status_code for n in range(6)]
    assert statuses == [401] * 5 + [429]
    paused = await sign_in(client, "李敏", password)
    assert paused.status_code == 429
    running.clock.at_ms += 2_000
    assert (await sign_in(client, "李敏", password)).status_code == 303


async def test_nobody_and_a_wrong_password_are_answered_alike(fresh: Fresh) -> None:
    running, client = fresh
    await running.person("李敏")
    wrong, nobody = [await sign_in(client, name, "not the password") for name in ("李敏", "nobody")]
    assert (wrong.status_code, wrong.text) == (nobody.status_code, nobody.text)


async def test_who_is_locked_is_signed_out_at_once(fresh: Fresh) -> None:
    running, client = fresh
    client.cookies.update(await running.signed_in())
    await running.centre.administration.write(lambda c: set_lock(c, "liwei", running.clock.at_ms))
    assert (await client.get("/")).status_code == 401
    assert (await sign_in(client, "liwei", PASSWORD)).status_code == 401


async def test_a_changed_password_ends_every_other_session(fresh: Fresh) -> None:
    running, client = fresh
    await sign_in(client, "李敏", await running.person("李敏"))
    elsewhere = dict(client.cookies)
    await sign_in(client, "李敏", PASSWORD)
    change = {"old": PASSWORD, "new": "another long enough word"}
    weak = await client.put("/api/v1/session/password", json=change | {"new": "short"}, headers=OWN_PAGE)
    assert weak.status_code == 400
    assert (await client.put("/api/v1/session/password", json=change, headers=OWN_PAGE)).status_code == 204
    assert (await client.get("/api/v1/session")).status_code == 200
    assert (
        await client.get("/api/v1/session", headers={"Cookie": f"onebook={elsewhere['onebook']}"})
    ).status_code == 401


async def test_no_secret_is_kept_logged_or_told(
    fresh: Fresh, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    running, client = fresh
    key = await running.token(role=Role.ADMINISTRATOR)
    await sign_in(client, "李敏", await running.person("李敏"))
    await sign_in(client, "李敏", "a wrong secret word")
    told = [(await client.get(f"/api/v1/{path}", headers=key)).text for path in ("tokens", "people", "audit")]
    secrets = [key["Authorization"].removeprefix("Bearer "), PASSWORD, "a wrong secret word", client.cookies["onebook"]]
    said = capfd.readouterr()
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in secrets:
        assert secret not in "".join([*told, said.out, said.err])
        assert secret.encode() not in kept


async def test_sign_ins_refusals_and_decisions_are_in_the_audit_log(fresh: Fresh) -> None:
    running, client = fresh
    await sign_in(client, "李敏", await running.person("李敏", Role.KEEPER))
    await sign_in(client, "李敏", "a wrong secret word")
    await client.get("/api/v1/people")
    rows = await running.centre.administration.read(lambda c: c.execute(select(audit_entry)).all())
    assert [(row.actor, row.action, row.outcome) for row in rows] == [
        ("person:李敏", "sign_in", "done"),
        ("person:李敏", "sign_in", "wrong_name_or_password"),
        ("person:李敏", "read:people", "forbidden"),
    ]


def test_a_right_without_the_whole_province_does_not_open_what_is_of_the_whole() -> None:
    everything = frozenset(Right(verb, resource) for verb in Verb for resource in Resource)
    assert not may(Principal("x", everything, Scope("3301")), Verb.READ, Resource.AUDIT)
    assert may(Principal("x", everything, Scope("33")), Verb.READ, Resource.AUDIT)
