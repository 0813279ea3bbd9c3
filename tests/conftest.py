"""For all tests: a property holds or does not, however busy the machine is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("onebook", deadline=None)
settings.load_profile("onebook")
