"""Labels and documents as pages that a browser prints. The style names the paper; nobody sets anything in a print dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, Literal

from onebook_edge.capture.command_words import Words
from onebook_edge.paper.command_sheet import CommandGroup
from onebook_edge.paper.documents import PrintedDocument
from onebook_edge.paper.labels import LabelFace, LabelSize

if TYPE_CHECKING:
    from jinja2 import Environment

Language = Literal["zh", "en"]
ASSETS: Final = {"print.css": "text/css", "print.js": "text/javascript"}
"""Files that a page asks for beside itself, with their media types."""

_PER_A4: Final = {LabelSize.SMALL: 21, LabelSize.MEDIUM: 8, LabelSize.LARGE: 2}
_ANNEX, _TOTAL = Words("序列号附件", "Serials, annex"), Words("合计", "Total")
_QR_USE = Words("更正、补单扫此码", "Scan to correct")
_NOT_COUNTED = Words("打印次数未能登记", "How often it was printed is not known")
_PREVIEW = Words("预览，不作单据使用", "Preview: not a document")
_BACK, _PRINT = Words("返回", "Back"), Words("打印", "Print")


@dataclass(frozen=True, slots=True)
class PrintForm:
    """Where the print button of a preview sends its form, and the token that the form brings back."""

    action: str
    token: str


class Press:
    """Makes pages in one language. `back` is where their link leads. The browser finds ASSETS under /paper/."""

    def __init__(self, language: Language, *, back: str = "/papers", icon: str = "") -> None:
        self._places = {"language": language, "back": back, "icon": icon, "say_back": _BACK, "say_print": _PRINT}

    def labels(self, faces: Sequence[LabelFace], *, on_a4: bool = False) -> str:
        """Labels of one size: one on a page, or a sheet of them. Raises ValueError when they differ in size."""
        if len({face.size for face in faces}) != 1:
            raise ValueError("labels that are printed together are of one size, and at least one")
        many = _PER_A4[faces[0].size] if on_a4 else 1
        pages = [faces[start : start + many] for start in range(0, len(faces), many)]
        return self._page("labels.html", faces=faces, pages=pages, on_a4=on_a4)

    def command_sheet(self, groups: Sequence[CommandGroup]) -> str:
        return self._page("command_sheet.html", groups=groups, heading=Words("作业码", "Command codes"))

    def document(self, document: PrintedDocument, *, printed: str = "", time: int = 1) -> str:
        """To be printed at once. `printed`: when, where and by whom.

        `time`: the how manieth print it is, 0 when that is not known. From the second on it is marked as a copy.
        """
        copy = {0: _NOT_COUNTED, 1: None}.get(time, Words(f"副本，第 {time} 次打印", f"Copy, print no. {time}"))
        return self._document(document, copy=copy, printed=printed, form=None, is_at_once=True)

    def preview(self, document: PrintedDocument, form: PrintForm) -> str:
        """To be looked at: it is no document, and its button asks for one."""
        return self._document(document, copy=_PREVIEW, printed="", form=form, is_at_once=False)

    def _document(self, document: PrintedDocument, **values: object) -> str:
        return self._page("document.html", document=document, annex=_ANNEX, total=_TOTAL, qr_use=_QR_USE, **values)

    def _page(self, template: str, **values: object) -> str:
        return _templates().get_template(template).render({"form": None, "is_at_once": False, **self._places, **values})


def asset(name: str) -> str:
    """The text of one of ASSETS."""
    return (resources.files("onebook_edge.paper") / "assets" / name).read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    import jinja2  # Loaded when something is printed.

    loader = jinja2.PackageLoader("onebook_edge.paper")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
