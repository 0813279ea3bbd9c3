"""The whole day, in its order: what is issued in the afternoon came in the morning."""

from __future__ import annotations

from tests.browser.day.by_device import BY_DEVICE
from tests.browser.day.counting import COUNTS
from tests.browser.day.inspecting import INSPECTIONS
from tests.browser.day.issuing import ISSUES
from tests.browser.day.lending import LOANS
from tests.browser.day.mending import MENDING
from tests.browser.day.receiving import RECEIPTS
from tests.browser.day.rotating import ROTATIONS

DAY = (*RECEIPTS, *BY_DEVICE, *INSPECTIONS, *ISSUES, *LOANS, *ROTATIONS, *COUNTS, *MENDING)
