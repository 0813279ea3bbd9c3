from __future__ import annotations

import pytest

from onebook_collector.ledger.account import Account, AccountKind, in_transit


@pytest.mark.parametrize(
    ("account", "code"),
    [
        (Account("real", "wh-1", "A-01", "", "", "social_reserve", "frozen"), "real/wh-1/A-01///social_reserve/frozen"),
        (Account("real", "wh-1", "A", "甲/乙", "50%", "", "frozen"), "real/wh-1/A/甲%2F乙/50%25//frozen"),
        (Account(AccountKind.SUPPLIER, "wh-1"), "supplier/wh-1"),
        (in_transit("DB/1"), "in_transit/DB%2F1"),
        (in_transit(""), "in_transit/"),
    ],
)
def test_an_account_has_one_name_and_no_other_account_has_it(account: Account, code: str) -> None:
    assert account.code == code
