"""For all tests: a property holds or does not, however busy the machine is; what takes long begins first."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("onebook", deadline=None)
settings.load_profile("onebook")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a slow test stand first: processes that share the work then end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
