"""Printing as a warehouse does: Chromium makes the pages, a label printer's dots are counted out, a decoder reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pypdfium2
import zxingcpp
from playwright.async_api import Browser, Page, Route

from onebook_edge.paper.pages import ASSETS, asset

LABEL_DPI = 203.2  # Eight dots in a millimetre.
_FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.Code128, zxingcpp.BarcodeFormat.QRCode])
_POINTS_PER_INCH, _MM_PER_INCH = 72, 25.4


@dataclass(frozen=True)
class Code:
    """What the decoder said: the symbology with its modifier as a scanner sends it (ISO/IEC 15424), and the text."""

    aim: str
    text: str


@dataclass(frozen=True)
class PrintedPage:
    width_mm: int
    height_mm: int
    text: str  # Without white space: in a PDF words have places, and nothing between them.
    codes: tuple[Code, ...]


async def print_html(browser: Browser, html: str) -> bytes:
    """The PDF that the browser makes of a page, on the paper that its style asks for. Assets come from the package."""
    page = await browser.new_page()
    try:
        await show(page, html)
        return await page.pdf(prefer_css_page_size=True, print_background=True)
    finally:
        await page.close()


async def show(page: Page, html: str) -> None:
    """A page that opens the print dialogue by itself finds none here."""
    await page.add_init_script("window.print = () => {}")
    await page.route("**/paper/*", _give_asset)
    await page.route("http://edge.test/", lambda route: route.fulfill(body=html, content_type="text/html"))
    await page.goto("http://edge.test/")


async def _give_asset(route: Route) -> None:
    name = route.request.url.rpartition("/")[2]
    await route.fulfill(body=asset(name), content_type=ASSETS[name])


def printed_pages(pdf: bytes, dpi: float = LABEL_DPI) -> list[PrintedPage]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_printed(page, dpi) for page in document]
    finally:
        document.close()


def _printed(page: pypdfium2.PdfPage, dpi: float) -> PrintedPage:
    width_mm, height_mm = (round(side * _MM_PER_INCH / _POINTS_PER_INCH) for side in page.get_size())
    return PrintedPage(width_mm, height_mm, "".join(page.get_textpage().get_text_bounded().split()), _codes(page, dpi))


def _codes(page: pypdfium2.PdfPage, dpi: float) -> tuple[Code, ...]:
    dots = page.render(scale=dpi / _POINTS_PER_INCH, grayscale=True)
    image = memoryview(dots.buffer).cast("B").cast("B", shape=[dots.height, dots.stride])
    found = zxingcpp.read_barcodes(image, formats=_FORMATS, text_mode=zxingcpp.TextMode.Plain)
    return tuple(Code(one.symbology_identifier, one.text) for one in found)


def texts(pages: Sequence[PrintedPage]) -> list[list[str]]:
    return [[code.text for code in page.codes] for page in pages]
