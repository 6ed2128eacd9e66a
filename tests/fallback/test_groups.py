"""What the records of a file have in common is told in words."""

import pytest

from engage_portal.fallback import groups


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (groups.of_new("Member", "EngagePortal"), "new, Member, source EngagePortal"),
        (groups.of_new("Member", "Shop/Web"), "new, Member, source Shop/Web"),
        (groups.of_known("Customer", "EngagePortal"), "known to Engage, Customer"),
        ("mobilePhone", "by phone number"),
        ("contactId", "by contact id"),
        (groups.REDEMPTIONS, ""),
        ("CardId", "CardId"),
    ],
)
def test_each_group_has_its_words(group: str, words: str) -> None:
    assert groups.in_words(group) == words


def test_what_files_kept_before_there_were_words_is_read_as_well() -> None:
    assert groups.of_new("Member", "EngagePortal") == "Member/key/EngagePortal"
    assert groups.of_known("Member", "EngagePortal") == "Member/id/EngagePortal"
