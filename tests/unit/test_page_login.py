"""Who an account elsewhere is here: only an address that its provider has verified, or the claim that was set."""

from typing import Any

import pytest

from ui.client import Refused
from ui.parts import login


def test_a_verified_address_names_a_person() -> None:
    assert login.named({"email": " Ada@Example.com ", "email_verified": True}, "email") == "ada@example.com"


@pytest.mark.parametrize("verified", [None, False, "true", 1])
def test_an_address_that_is_not_verified_names_nobody(verified: Any) -> None:
    with pytest.raises(Refused, match="is not verified") as refused:
        login.named({"email": "ada@example.com", "email_verified": verified}, "email")
    assert refused.value.status == 403


def test_another_claim_names_a_person_as_it_stands() -> None:
    assert login.named({"oid": "A-1", "email": "eve@example.com"}, "oid") == "A-1"


@pytest.mark.parametrize("claims", [{}, {"oid": ""}, {"oid": " "}, {"oid": 7}, {"oid": None}])
def test_an_account_without_the_claim_names_nobody(claims: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="says no 'oid'"):
        login.named(claims, "oid")
