"""Goal: the API is what its description says, whoever asks: the status, media type, headers and body of every answer are
described, and what the description calls invalid is refused.

Method: a real server over real databases, with goods in three cities and an authority; schemathesis reads the description from
it and asks every operation as every role, properly and improperly. ONEBOOK_FUZZ=long asks much more (`make fuzz`).
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from onebook_collector.administration.rights import Resource, Role, Verb
from tests.integration.running_centre import RunningCentre, running_centre, serving
from tests.integration.test_intrusion import furnish_cities

FOLDER = Path(__file__).parent / "description"
SEED = 20261128
CASES_MIN = 1_000
_SHORT = ("--phases", "coverage,fuzzing", "--max-examples", "2")
_LONG = ("--max-examples", "200")
_SUMMARY = re.compile(r"(\d+) generated")


@pytest.mark.slow
@pytest.mark.timeout(3_600 if os.environ.get("ONEBOOK_FUZZ") == "long" else 1_200)
async def test_the_api_is_what_its_description_says(tmp_path: Path) -> None:
    async with running_centre(tmp_path, has_authority=True) as running:
        await furnish_cities(running)
        running.centre.stopping.set()  # Streams end at once, and the feed does not wait.
        tokens = tmp_path / "tokens.json"
        tokens.write_text(json.dumps(await _tokens(running)), encoding="ascii")
        async with serving(running) as address:
            status, said = await _ask(address, tokens)
    generated = _SUMMARY.search(said)
    print(said[-2_000:])
    assert status == 0, said
    assert generated is not None
    assert int(generated[1]) >= CASES_MIN


async def _tokens(running: RunningCentre) -> list[str]:
    """Headers: of somebody who may do everything, then of each role."""
    everything = [f"{verb}:{resource}" for verb in Verb for resource in Resource]
    given = [await running.token(rights=everything), *[await running.token(role=role) for role in Role]]
    return [headers["Authorization"] for headers in given]


async def _ask(address: str, tokens: Path) -> tuple[int, str]:
    """Exit code and words of schemathesis."""
    amount = _LONG if os.environ.get("ONEBOOK_FUZZ") == "long" else _SHORT
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "--config-file", FOLDER / "schemathesis.toml"),
        *("run", f"{address}/api/v1/openapi.json", "--seed", SEED, *amount, "--no-color"),
    ]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "tests.fuzz.description.hooks",
        "ONEBOOK_TOKENS_FILE": str(tokens),
    }
    process = await asyncio.create_subprocess_exec(
        *map(str, command), env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()
