"""A stranger finds things: both READMEs are alike and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from onebook_schemas.chain import chain_heads
from onebook_schemas.encoding import decode, decode_upload
from onebook_schemas.envelope import journal_event_of
from onebook_schemas.uplink import Ack
from tests.house.headings import anchor, headings, without_code
from tests.house.tree import ROOT, name_of, project_files

READMES = ("README.md", "README.zh-CN.md")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_ELSEWHERE = ("http://", "https://", "mailto:")
_BEGINNING_LINES = 20


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_both_readmes_have_the_same_sections_with_the_same_commands_and_links() -> None:
    english, chinese = (_sections(_text(name)) for name in READMES)
    assert [section.level for section in english] == [section.level for section in chinese]
    for one, other in zip(english, chinese, strict=True):
        assert (one.commands, one.links) == (other.commands, other.links), f"{one.heading} / {other.heading}"


class _Section(NamedTuple):
    """A heading, and what the text below it points at and tells to type, whatever the language."""

    level: int
    heading: str
    commands: list[str]
    links: list[str]


def _sections(text: str) -> list[_Section]:
    sections: list[_Section] = []
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            sections[-1].commands.append(line.split("#")[0].strip())
        elif heading := re.match(r"(#+) (.+)", line):
            sections.append(_Section(len(heading[1]), heading[2], [], []))
        else:
            sections[-1].links.extend(_neutral(link) for link in _LINK.findall(line))
            sections[-1].links.sort()
    return sections


def _neutral(link: str) -> str:
    """A link without its language: overview-zh.png and overview-en.png are the same picture."""
    return re.sub(r"(\.zh-CN|-zh|-en)(?=\.)", "", link)


@pytest.mark.parametrize("readme", READMES)
def test_a_readme_begins_with_the_two_commands(readme: str) -> None:
    beginning = _text(readme).splitlines()[:_BEGINNING_LINES]
    assert [line.split("#")[0].strip() for line in beginning if line.startswith("make ")] == ["make demo", "make test"]


@pytest.mark.parametrize("document", project_files(".md"), ids=name_of)
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = [link for link in _LINK.findall(without_code(text)) if not link.startswith(_ELSEWHERE)]
    assert [link for link in links if not _leads_somewhere(document, link)] == []


def _leads_somewhere(document: Path, link: str) -> bool:
    path, _, fragment = link.partition("#")
    target = (document.parent / path) if path else document
    if not target.exists():
        return False
    return not fragment or fragment in {anchor(words) for _, words in headings(target.read_text(encoding="utf-8"))}


def test_the_messages_that_the_protocol_prints_are_real() -> None:
    upload_text, ack_text = re.findall(r"^```\n(\{.+?)\n```$", _text("docs/protocol.md"), re.MULTILINE | re.DOTALL)
    upload = decode_upload(upload_text.encode())
    assert (
        chain_heads(bytes.fromhex(upload.header.chain_before or ""), upload.lines)[-1].hex()
        == upload.header.chain_after
    )
    assert [journal_event_of(line).sequence for line in upload.lines] == [1, 2]
    assert decode(Ack, ack_text.encode()).accepted_through == 10


def test_every_test_folder_is_explained() -> None:
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/__init__.py")}
    assert folders == set(re.findall(r"^\| \[(\w+)/\]\(\.\./tests/", _text("docs/testing.md"), re.MULTILINE))


def test_every_name_that_the_architecture_drops_is_one_of_the_code() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in project_files(".py", ".toml", "Makefile"))
    names = re.findall(r"`([\w.]{4,})`", without_code(_text("ARCHITECTURE.md")))
    assert [name for name in names if not all(part in code for part in name.split("."))] == []
