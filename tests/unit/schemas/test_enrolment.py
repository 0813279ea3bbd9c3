"""The code that a box enrols with survives paper, scanner and keyboard, or is refused."""

from __future__ import annotations

import pytest

from onebook_schemas.enrolment import Invitation, parse_invitation

INVITATION = Invitation("centre.example", 8443, "ABCDEFGH234567AB", "A" * 32)


def test_an_invitation_is_read_as_it_was_printed() -> None:
    assert parse_invitation(f" {INVITATION.text()}\r\n") == INVITATION
    assert INVITATION.text().isascii()


@pytest.mark.parametrize("host", ["fe80::1", "centre_1", "", "中心", "x" * 101])
def test_an_address_that_a_scanner_could_not_bring_back_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="cannot stand"):
        Invitation(host, 8443, INVITATION.code, INVITATION.ca_fingerprint).text()


@pytest.mark.parametrize("text", ["", "OBE-", INVITATION.text()[:-1], INVITATION.text() + "A", "OBC-CONFIRM",
                                  INVITATION.text().replace("8443", "70000")])  # fmt: skip
def test_half_an_invitation_is_none(text: str) -> None:
    assert parse_invitation(text) is None
