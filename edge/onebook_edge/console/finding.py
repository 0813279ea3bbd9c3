"""What somebody means who types instead of scanning: goods, a bin, a document. Pure; what is touched then is the code that a scan
would have given."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice

from onebook_edge.capture.catalogue import Catalogue
from onebook_edge.capture.label_values import document_of
from onebook_edge.console.texts import Texts
from onebook_edge.console.work_view import Button
from onebook_schemas.labels import LabelKind, label_text
from onebook_schemas.reference import Bin, SiteDocument

_NUMBER_MIN = 4
"""Two letters and a digit are rather somebody's initials, or the beginning of a bin."""


def hits_for(
    asked: str, catalogue: Catalogue, site: SiteDocument | None, texts: Texts, hits_max: int
) -> tuple[Button, ...]:
    """The bin that is called so, a document if it could be its number, goods, and other bins that begin so."""
    bins = [one for one in (site.bins if site else ()) if _begins(one, asked)]
    exact = [one for one in bins if one.code.upper() == asked.upper()]
    goods = (
        Button(
            label_text(LabelKind.ITEM, item.code),
            texts.choose(item.name_zh, item.name_en),
            f"{item.code} · {item.pinyin_initials}",
        )
        for item in catalogue.find(asked, hits_max)
    )
    others = (_bin(one, texts) for one in bins if one not in exact)
    found = chain((_bin(one, texts) for one in exact), _document(asked, texts), goods, others)
    return tuple(islice(found, hits_max))


def _begins(one: Bin, asked: str) -> bool:
    return bool(asked) and (one.code.upper().startswith(asked.upper()) or asked in one.name_zh)


def _bin(one: Bin, texts: Texts) -> Button:
    return Button(label_text(LabelKind.BIN, one.code), one.code, " ".join(filter(None, (texts("bin"), one.name_zh))))


def _document(asked: str, texts: Texts) -> Iterator[Button]:
    """Numbers are of capital letters, whatever the keyboard was set to."""
    number = asked.upper()
    try:
        code = label_text(LabelKind.DOCUMENT, number)
    except ValueError:
        return  # No label could say it, so the dialogue would not understand it.
    if len(number) >= _NUMBER_MIN and any(map(str.isdigit, number)) and document_of(number) is not None:
        yield Button(code, number, texts("document"))
