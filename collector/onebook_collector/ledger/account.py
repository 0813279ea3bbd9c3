"""Accounts: where goods are in the book, and the virtual places outside it that they come from and go to."""

from __future__ import annotations

import enum
from typing import NamedTuple


class AccountKind(enum.StrEnum):
    """Real goods, or the side of the outside world that balances them."""

    REAL = "real"
    SUPPLIER = "supplier"
    DONOR = "donor"
    CONSUMED = "consumed"
    DISPOSED = "disposed"
    STOCKTAKE_GAIN = "stocktake_gain"
    STOCKTAKE_LOSS = "stocktake_loss"
    OPENING = "opening"
    UNEXPLAINED = "unexplained"
    IN_TRANSIT = "in_transit"
    ON_LOAN = "on_loan"
    IN_ROTATION = "in_rotation"


class Account(NamedTuple):
    """Goods of one holding and status in one bin; or, without a bin, a virtual account of a site or of a consignment."""

    kind: str
    site_id: str = ""  # Empty: in transit, which belongs to no site.
    bin: str = ""
    owner_org: str = ""
    custodian_org: str = ""
    reserve_mode: str = ""
    status: str = ""
    document_no: str = ""  # Of the consignment, in transit only.

    @property
    def code(self) -> str:
        """The account's name in the ledger's hash chain: its parts joined by "/", with "%" and "/" inside them as %25 and %2F."""
        if self.kind == AccountKind.REAL:
            parts: tuple[str, ...] = self[:-1]
        else:
            parts = (self.kind, self.site_id or self.document_no)
        return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


class BookedAccount(NamedTuple):
    """An account that the book holds."""

    account_id: int
    code: str
    account: Account
    is_real: bool

    @property
    def is_tracked(self) -> bool:
        """Goods on this account are somewhere we answer for: in a bin, on the way between two, or lent."""
        return self.is_real or self.account.kind in (AccountKind.IN_TRANSIT, AccountKind.ON_LOAN)

    @property
    def has_an_end(self) -> bool:
        """No more can leave than came: a bin, or what is lent. (A receipt may overtake its dispatch, a supplier has no end.)"""
        return self.is_real or self.account.kind == AccountKind.ON_LOAN


def in_transit(document_no: str) -> Account:
    """Goods between two sites, by the number of the consignment's document; empty for goods that travel without one."""
    return Account(AccountKind.IN_TRANSIT, document_no=document_no)
