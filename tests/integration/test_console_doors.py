"""Who gets into the console, from where, and what a page of somebody else's can do with it: nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from starlette.routing import Route

from onebook_edge.console.photos import PHOTO_BYTES_MAX, PHOTOS_MAX
from onebook_edge.console.tries import WINDOW_MS
from onebook_edge.console.visits import COOKIE, VISITS_MAX
from onebook_schemas.uplink import Stream
from tests.integration.console_desk import OTHER_PIN, PEOPLE, PIN, Browser, Running, running_desk
from tests.integration.test_recorder import TENT, settled

HANDHELD, OTHER_HANDHELD = "192.0.2.7", "192.0.2.8"


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with running_desk(tmp_path, PEOPLE) as found:
        yield found


def paths(running: Running, method: str) -> Iterator[str]:
    for route in running.app.routes:
        if isinstance(route, Route) and method in (route.methods or ()):
            yield route.path.replace("{place}", "bench")


async def test_from_the_network_nothing_is_shown_and_nothing_taken_before_somebody_has_signed_in(
    running: Running,
) -> None:
    stranger = running.browser(HANDHELD)
    await stranger.get("/sign-in")
    for path in set(paths(running, "GET")) - {"/sign-in", "/events"}:
        answer = await stranger.get(path)
        assert (answer.status_code, answer.headers.get("location")) == (303, "/sign-in"), path
        assert (await stranger.get(path, accept="*/*")).status_code == 401, path
    assert (await stranger.get("/events")).status_code in (303, 401)
    for path in set(paths(running, "POST")) - {"/sign-in", "/sign-out"}:
        assert (await stranger.post(path, {"code": "OBP-1001"})).status_code == 401, path
    assert "李敏" not in (await stranger.get("/sign-in")).text
    assert running.desk.dialogues["bench"].state.actor is None


async def test_at_the_box_a_badge_is_enough_as_without_a_screen(running: Running) -> None:
    kiosk = running.browser()
    assert (await kiosk.get("/at/bench")).status_code == 200
    assert (await kiosk.enter("OBP-1003")).json()["feedback"]["code"] == "signed-in"
    assert running.desk.dialogues["bench"].state.actor == "1003"


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded"])
async def test_what_a_proxy_on_the_box_hands_on_comes_from_the_network(running: Running, header: str) -> None:
    assert (await running.browser().get("/", **{header: "192.0.2.9"})).status_code == 303


async def test_every_form_needs_the_token_of_its_visit(running: Running) -> None:
    kiosk, other = running.browser(), running.browser()
    await kiosk.get("/")
    await other.get("/")
    for path in paths(running, "POST"):
        for token in ("", other.token, "é"):
            answer = await kiosk.post(path, {"code": "OBP-1001", "token": token})
            assert answer.status_code == 403, (path, token)
    assert running.desk.dialogues["bench"].state.actor is None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example", "sec-fetch-site": "cross-site"},
        {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://box.lan:9090", "sec-fetch-site": "same-site"},
    ],
)
async def test_another_page_cannot_drive_the_console_even_with_the_token(
    running: Running, headers: dict[str, str]
) -> None:
    kiosk = running.browser()
    await kiosk.get("/")
    for path in paths(running, "POST"):
        assert (await kiosk.post(path, {"code": "OBP-1001"}, **headers)).status_code == 403, path
    assert (await kiosk.get("/events", **headers)).status_code == 403
    assert running.desk.dialogues["bench"].state.actor is None


async def test_a_name_of_somebody_elses_that_points_here_is_not_answered(running: Running) -> None:
    for host, status in (("evil.example", 421), ("", 421), ("box.lan:8080", 200), ("[::1]:80", 200), ("10.0.0.4", 200)):
        answer = await running.browser(host=host or "x").client.get("/", headers={"host": host})
        assert answer.status_code == status, host


async def test_every_answer_carries_the_headers_and_the_cookie_is_for_the_browser_only(running: Running) -> None:
    kiosk = running.browser()
    first = await kiosk.get("/at/bench")
    cookie = first.headers["set-cookie"]
    assert all(word in cookie for word in (COOKIE, "HttpOnly", "SameSite=Strict", "Path=/"))
    answers = [await kiosk.get(path) for path in ("/", "/static/console.css", "/at/nowhere", "/nothing")]
    for answer in [first, *answers, await kiosk.post("/sign-out", {"token": "x"})]:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert first.headers["cache-control"] == "no-store"


async def test_no_page_has_a_script_or_a_style_in_itself_or_asks_another_host(running: Running) -> None:
    kiosk = running.browser()
    await kiosk.enter("OBP-1001")
    for path in set(paths(running, "GET")) - {"/events"}:
        text = (await kiosk.get(path)).text
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|https?://|javascript:", text), path


async def test_what_is_too_long_is_refused_before_it_is_read(running: Running) -> None:
    kiosk = running.browser()
    await kiosk.get("/")
    assert (await kiosk.enter("x" * 20_000)).status_code == 413


async def test_a_pin_signs_in_at_the_screen_and_at_the_work_place(running: Running) -> None:
    handheld = running.browser(HANDHELD)
    before = (await handheld.get("/sign-in"), handheld.client.cookies[COOKIE])[1]
    assert (await handheld.sign_in("OBP-1001", PIN)).headers["location"] == "/at/bench"
    assert handheld.client.cookies[COOKIE] != before, "a key that was known before is worth nothing"
    assert running.desk.dialogues["bench"].state.actor == "1001"
    assert "李敏" in (await handheld.get("/at/bench")).text
    for code in ("OBC-RECEIVE", "OBB-A-01", TENT, "OBC-CONFIRM"):
        await handheld.enter(code)
    (moved,) = await settled(running.desk.recorder, Stream.JOURNAL, "goods_moved", 1)
    assert (moved["actor"], moved["device"]) == ("1001", "screen")
    await handheld.post("/sign-out", {})
    assert (await handheld.get("/at/bench")).status_code == 303


@pytest.mark.parametrize(
    ("badge", "pin"),
    [("1001", "246811"), ("1001", ""), ("1003", PIN), ("1004", PIN), ("9999", PIN), ("", PIN), ("1001", "2" * 13)],
    ids=["wrong", "none", "who has none", "who has left", "nobody", "no badge", "too long"],
)
async def test_whoever_cannot_prove_who_they_are_stays_outside(running: Running, badge: str, pin: str) -> None:
    handheld = running.browser(HANDHELD)
    assert (await handheld.sign_in(badge, pin)).status_code == 403
    assert (await handheld.get("/at/bench")).status_code == 303


async def test_tries_run_out_for_a_person_and_come_back(running: Running) -> None:
    handhelds = [running.browser(f"192.0.2.{n}") for n in range(1, 4)]
    for n in range(10):
        assert (await handhelds[n % 2].sign_in("1001", "000000")).status_code == 403
    paused = await handhelds[2].sign_in("1001", PIN)
    assert paused.status_code == 429
    assert "秒" in paused.text
    assert (await handhelds[2].sign_in("1002", OTHER_PIN)).status_code == 303, "others are not held up"
    running.clock.ahead_ms += WINDOW_MS
    assert (await handhelds[2].sign_in("1001", PIN)).status_code == 303


async def test_tries_run_out_for_an_address(running: Running) -> None:
    handheld = running.browser(HANDHELD)
    for n in range(20):
        assert (await handheld.sign_in(f"x{n}", "000000")).status_code == 403
    assert (await handheld.sign_in("1001", PIN)).status_code == 429
    assert (await running.browser(OTHER_HANDHELD).sign_in("1001", PIN)).status_code == 303


async def test_whoever_does_nothing_for_long_is_signed_out(running: Running) -> None:
    handheld = running.browser(HANDHELD)
    await handheld.sign_in("1001", PIN)
    running.clock.ahead_ms += running.desk.idle_max_ms
    assert (await handheld.get("/at/bench")).status_code == 303


async def test_a_handheld_does_nothing_in_the_name_of_whoever_is_at_the_work_place_now(running: Running) -> None:
    handheld = running.browser(HANDHELD)
    await handheld.sign_in("1001", PIN)
    await running.browser().get("/")
    kiosk = await _at_box(running)
    await kiosk.enter("OBP-1002")
    refused = (await handheld.enter("OBC-RECEIVE")).json()["feedback"]
    assert refused["code"] == "refused_another_person"
    assert "OBP-1001" in (await handheld.get("/at/bench")).text, "the page offers to take over"
    await handheld.enter("OBP-1001")
    assert (await handheld.enter("OBC-RECEIVE")).json()["feedback"]["code"] == "action-chosen"


async def test_somebody_elses_badge_on_a_handheld_asks_for_their_pin(running: Running) -> None:
    handheld = running.browser(HANDHELD)
    await handheld.sign_in("1001", PIN)
    assert (await handheld.enter("OBP-1002")).json() == {"go": "/sign-in?place=bench&badge=1002"}
    assert running.desk.dialogues["bench"].state.actor == "1001"
    assert (await handheld.sign_in("1002", OTHER_PIN)).status_code == 303
    assert running.desk.dialogues["bench"].state.actor == "1002"
    assert (await handheld.enter("OBC-RECEIVE")).json()["feedback"]["code"] == "action-chosen"


async def test_without_a_list_of_people_only_the_screen_of_the_box_works(tmp_path: Path) -> None:
    async with running_desk(tmp_path) as running:
        assert (await running.browser(HANDHELD).sign_in("1001", PIN)).status_code == 403
        assert (await (await _at_box(running)).enter("OBP-1001")).json()["feedback"]["code"] == "signed-in"


async def test_visits_of_nobody_do_not_push_out_those_who_signed_in(running: Running) -> None:
    handheld = running.browser(HANDHELD)
    await handheld.sign_in("1001", PIN)
    for _ in range(VISITS_MAX + 10):
        await running.browser(OTHER_HANDHELD).get("/sign-in")
    assert (await handheld.get("/at/bench")).status_code == 200


async def test_an_unknown_code_is_noted_with_words_and_a_picture_that_the_box_keeps(
    running: Running, tmp_path: Path
) -> None:
    kiosk = await _at_box(running)
    await kiosk.enter("OBP-1001")
    await kiosk.enter("OBC-RECEIVE")
    assert (await kiosk.enter("who-knows")).json()["feedback"]["code"] == "code-set-aside"
    assert "who-knows" in (await kiosk.get("/at/bench/aside")).text
    await settled(running.desk.recorder, Stream.JOURNAL, "code_set_aside", 1)
    await asyncio.sleep(0.05)
    assert 'data-code="code-set-aside"' in (await kiosk.get("/at/bench")).text, "noted is no reason to stop warning"
    picture = b"\xff\xd8\xff" + bytes(1_000)
    said = await kiosk.client.post("/at/bench/photo", content=picture, headers={"x-token": kiosk.token})
    digest = said.json()["photo"]
    assert (tmp_path / "photos" / f"{digest}.jpg").read_bytes() == picture
    fields = {"text": "who-knows", "note": "蓝色大桶", "photo": digest}
    assert (await kiosk.post("/at/bench/aside", fields)).headers["location"] == "/at/bench"
    noted = (await settled(running.desk.recorder, Stream.JOURNAL, "code_set_aside", 2))[-1]
    assert (noted["text"], noted["note"], noted["photo"], noted["actor"]) == ("who-knows", "蓝色大桶", digest, "1001")


async def test_a_picture_that_is_none_or_too_large_or_one_too_many_is_refused(running: Running, tmp_path: Path) -> None:
    kiosk = await _at_box(running)

    async def send(body: bytes) -> int:
        answer = await kiosk.client.post("/at/bench/photo", content=body, headers={"x-token": kiosk.token})
        return answer.status_code

    assert [await send(b"GIF89a"), await send(b"\xff\xd8\xff" + bytes(PHOTO_BYTES_MAX))] == [400, 413]
    (tmp_path / "photos").mkdir(exist_ok=True)
    for n in range(PHOTOS_MAX):
        (tmp_path / "photos" / f"{n}.jpg").touch()
    assert await send(b"\xff\xd8\xff one too many") == 400
    assert len(list((tmp_path / "photos").iterdir())) == PHOTOS_MAX


async def _at_box(running: Running) -> Browser:
    kiosk = running.browser()
    await kiosk.get("/")
    return kiosk
