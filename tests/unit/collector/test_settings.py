from __future__ import annotations

from pathlib import Path

import pytest

from onebook_collector.errors import ConfigurationError
from onebook_collector.settings import load_settings


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::"])
def test_a_page_that_is_reached_from_outside_has_tls_or_is_not_made(tmp_path: Path, host: str) -> None:
    file = tmp_path / "collector.toml"
    file.write_text(f'[api]\nhost = "{host}"\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"api\.tls: 缺少 / missing"):
        load_settings(file)
    file.write_text(f'[api]\nhost = "{host}"\nbehind = "tls_proxy"\n', encoding="utf-8")
    assert load_settings(file).api.host == host
