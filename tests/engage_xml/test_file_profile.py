"""One TOML file says what a tenant's files are like; a slip in it is told in words."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from lxml import etree

from engage_portal.engage.xml import (
    DEFAULT_PROFILE,
    BadNamesError,
    InvalidRecordError,
    Section,
    TenantProfile,
    Told,
    UnusableTransformationError,
    file_name,
    profile_from,
    transformed,
)
from tests.engage_xml import examples
from tests.engage_xml.examples import (
    CONTACTS,
    REDEEMED,
    TRANSACTIONS,
    checked,
    line,
    receipt,
    written,
    written_with,
)

EXAMPLE = Path(__file__).parents[2] / "docs" / "file-profile.toml"


def profile(folder: Path, text: str) -> TenantProfile:
    (folder / "profile.toml").write_text(text)
    return profile_from(folder / "profile.toml")


def test_the_example_holds_all_defaults_and_nothing_else(tmp_path):
    assert profile_from(EXAMPLE) == DEFAULT_PROFILE == profile_from(None) == profile(tmp_path, "")


def test_what_the_example_shows_in_comments_can_be_turned_on(tmp_path):
    text = EXAMPLE.read_text()
    for entry in (
        "Customer",
        '"preferences',
        "articleGroup",
        '"items/',
        "storeId",
        "epost",
        "medlem",
        "kupong",
    ):
        assert f"\n# {entry}" in text
        text = text.replace(f"\n# {entry}", f"\n{entry}")
    found = profile(tmp_path, text)
    assert found.contacts_import.records == {"Customer": "kund"}
    assert found.transactions_import.fields == {"articleGroup": "group", "items/item": "line"}
    assert found.contacts_export.fields["medlem"] == "consents.memberConsent"
    assert (
        found.promotions_export.fields["kupong"] == found.promotions_export.fields["couponid"] == "couponId"
    )
    assert found.contacts_import.fields == {"preferences.acceptsEmail": "newsletter"}


def test_folders_that_are_not_published_have_no_default():
    assert DEFAULT_PROFILE.contacts_import.folder is DEFAULT_PROFILE.redeemed_promotions_import.folder is None
    assert not DEFAULT_PROFILE.redeemed_promotions_import.is_enabled


RENAMED = """
[contacts_import]
namespace = "urn:x&y"
root = "kunder"
section = "nya"
records = { Member = "kund" }
fields = { email = "epost", "preferences.acceptsSms" = "sms-ok" }
[transactions_import]
namespace = ""
root = "receipts"
record = "receipt"
fields = { "items/item" = "line", items = "lines", "discount/value" = "amount" }
[redeemed_promotions_import]
namespace = "urn:z"
fields = { storeId = "shop" }
[contacts_export.sections]
new = ["nya", "tillagda"]
[promotions_export.sections]
redeemed = "Brugt"
"""


def test_files_are_written_and_checked_in_a_tenants_own_names(tmp_path):
    theirs = profile(tmp_path, RENAMED)
    people = [
        examples.NEW_PEOPLE[0]._replace(fields={"email": "a@example.org", "preferences.acceptsSms": "true"})
    ]
    content = written(CONTACTS, people, theirs)
    checked(tmp_path, content, CONTACTS, theirs)
    names = {"x": "urn:x&y"}
    assert (
        etree.fromstring(content).xpath("string(/x:kunder/x:nya/x:kund/x:epost)", namespaces=names)
        == "a@example.org"
    )
    content = written(TRANSACTIONS, [receipt(), receipt(uniqueReceiptId="2")], theirs)
    checked(tmp_path, content, TRANSACTIONS, theirs)
    root = etree.fromstring(content)
    assert root.xpath("count(/receipts/receipt[1]/lines/line)") == 2
    assert root.xpath("string(/receipts/receipt[1]/lines/line[1]/extraData/item)") == "spring"
    assert root.xpath("string(//discount[1]/amount)") == "-50.00"
    content = written(REDEEMED, examples.USES, theirs)
    checked(tmp_path, content, REDEEMED, theirs)
    assert etree.fromstring(content)[0].findtext("{urn:z}shop") == "9001"
    assert theirs.contacts_export.sections["tillagda"] is Section.NEW
    assert theirs.promotions_export.sections == {
        "new": Told.NEW, "assigned": Told.NEW, "brugt": Told.REDEEMED, "deleted": Told.DELETED,
    }  # fmt: skip


def test_a_field_under_another_name_is_checked_as_under_its_own(tmp_path):
    theirs = profile(tmp_path, RENAMED)
    people = [examples.NEW_PEOPLE[1]._replace(fields={"preferences.acceptsSms": "perhaps"})]
    with pytest.raises(InvalidRecordError, match="sms-ok"):
        checked(tmp_path, written(CONTACTS, people, theirs), CONTACTS, theirs)
    with pytest.raises(InvalidRecordError, match=r"lines\.line\[1\]\.sku"):
        checked(
            tmp_path,
            written(TRANSACTIONS, [receipt(items=[line(), line(sku="")])], theirs),
            TRANSACTIONS,
            theirs,
        )


BAD = {
    "nonsense = 1": "unknown entry “nonsense”",
    "[contacts_import]\nfolders = ''": "unknown entry “contacts_import.folders”",
    "[contacts_import]\nrecord = 'x'": "unknown entry “contacts_import.record”",
    "[contacts_import]\nfolder = '../x'": "senseless value in “contacts_import.folder”",
    "[contacts_import]\nfolder = '/x'": "senseless value in “contacts_import.folder”",
    "[contacts_import]\nsuffix = 'a/b'": "senseless value in “contacts_import.suffix”",
    "[contacts_import]\nminimum_age = 'x'": "whole number from 0 to 120 in “contacts_import.minimum_age”",
    "[contacts_import]\nminimum_age = -1": "whole number from 0 to 120",
    "[contacts_import]\nminimum_age = true": "whole number from 0 to 120",
    "[transactions_import]\nminimum_age = 16": "unknown entry “transactions_import.minimum_age”",
    "[contacts_import]\nenabled = 'yes'": "true or false in “contacts_import.enabled”",
    "[contacts_import.fields]\na = 'x'\nb = 'x'": "two fields",
    "[contacts_import.fields]\na = 'x²'": "no element name in “contacts_import.fields.a”",
    "[contacts_import.fields]\n'consents.memberConsent' = 'medlem'": (
        "gives a consent an element in “contacts_import.fields.consents.memberConsent”: a file has no place"
    ),
    "[contacts_import.fields]\n'Consents.x' = 'x'": "consents go by the API only",
    "[contacts_import.records]\nKund = 'ª'": "no element name in “contacts_import.records.Kund”",
    f"[contacts_import]\nsuffix = '{'s' * 41}'": "more than 40 characters in “contacts_import.suffix”",
    f"[contacts_import]\nfolder = '{'f' * 301}'": "more than 300 characters in “contacts_import.folder”",
    "[contacts_import]\nnamespace = 'http://www.w3.org/2000/xmlns/'": "senseless value in “contacts_import.namespace”",
    "[transactions_import.fields]\nskuu = 'x'": "unknown entry “transactions_import.fields.skuu”",
    "[transactions_import.fields]\n'discount/sku' = 'x'": "unknown entry",
    "[transactions_import.fields]\nsku = 'articleName'": "two fields beside each other",
    "[transactions_import]\ngroup_currency = 'kr'": "senseless value in “transactions_import.group_currency”",
    "[transactions_import]\nxslt = 'nowhere.xslt'": "no usable XSLT in “transactions_import.xslt”",
    "[transactions_import]\nxslt = 'profile.toml'": "no usable XSLT",
    "[contacts_export.sections]\nchanged = 'x'": "unknown entry “contacts_export.sections.changed”",
    "[contacts_export.sections]\nnew = 'x'\nupdated = 'x'": "twice",
    "[contacts_export]\nroot = 'a b'": "no element name in “contacts_export.root”",
    "[contacts_export]\nrecords = []": "empty list",
    "[contacts_export]\nfields = 1": r"needs a table \[contacts_export.fields\]",
    "[contacts_export.fields]\na = 1": "no element name in “contacts_export.fields.a”",
    "[contacts_export.fields]\n'a b' = 'x'": "no element name",
    "[promotions_export.fields]\na = 'x'": "unknown field in “promotions_export.fields.a”",
}  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_a_senseless_profile_is_told_in_words(tmp_path, text):
    with pytest.raises(BadNamesError, match=BAD[text]):
        profile(tmp_path, text)


def test_a_files_name_has_its_moment_in_utc_and_its_counter():
    at = datetime(2026, 4, 12, 11, 30, 15, tzinfo=timezone(timedelta(hours=2)))
    assert file_name(CONTACTS, at, 42, DEFAULT_PROFILE) == "20260412093015_000042_contacts.xml"
    assert file_name(TRANSACTIONS, at, 7, DEFAULT_PROFILE) == "20260412093015_000007_transactions.xml"
    at = at.astimezone(UTC)
    assert file_name(REDEEMED, at, 10**6, DEFAULT_PROFILE) == "20260412093015_1000000_redeemedPromotions.xml"
    with pytest.raises(ValueError, match="zone"):
        file_name(CONTACTS, at.replace(tzinfo=None), 1, DEFAULT_PROFILE)


# ── Transformations ──────────────────────────────────────────────────────────────────────────────────────────────

SHEET = """<x:stylesheet version="1.0" xmlns:x="http://www.w3.org/1999/XSL/Transform" xmlns:c="http://eClub.Schemas.ImportContact">
<x:output method="{}" encoding="iso-8859-1" doctype-system="x.dtd"/><x:template match="/">{}</x:template></x:stylesheet>"""
NAMES = "<kunder><x:for-each select='//c:member'><kund><x:value-of select='c:lastName'/></kund></x:for-each></kunder>"


def test_a_tenants_transformation_makes_the_file_that_leaves(tmp_path):
    (tmp_path / "sheet.xslt").write_text(SHEET.format("xml", NAMES))
    theirs = profile(tmp_path, "[contacts_import]\nxslt = 'sheet.xslt'")
    content, before = written_with(CONTACTS, examples.NEW_PEOPLE, theirs)
    checked(tmp_path, content, CONTACTS, theirs)
    after = transformed(tmp_path / "checked.xml", CONTACTS, theirs, before)
    result = (tmp_path / "checked.xml").read_bytes()
    assert result.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<kunder')
    assert "<kund>Öst &amp; Lind</kund><kund/></kunder>".encode() in result
    assert (after.records, after.lines, after.size) == (2, 2, len(result))
    assert after.digest != before.digest
    assert sorted(each.name for each in tmp_path.iterdir()) == ["checked.xml", "profile.toml", "sheet.xslt"]


@pytest.mark.parametrize(
    ("method", "template"),
    [
        ("text", "words"),
        ("xml", "<a/><b/>"),
        ("xml", ""),
        ("xml", "<x:copy-of select='document(\"profile.toml\")'/>"),
    ],
)
def test_a_transformation_that_makes_no_xml_leaves_the_file_as_it_was(tmp_path, method, template):
    (tmp_path / "sheet.xslt").write_text(SHEET.format(method, template))
    theirs = profile(tmp_path, "[contacts_import]\nxslt = 'sheet.xslt'")
    content, before = written_with(CONTACTS, examples.NEW_PEOPLE, theirs)
    checked(tmp_path, content, CONTACTS, theirs)
    with pytest.raises(UnusableTransformationError):
        transformed(tmp_path / "checked.xml", CONTACTS, theirs, before)
    assert (tmp_path / "checked.xml").read_bytes() == content


def test_without_a_transformation_a_file_stays_what_it_is(tmp_path):
    _, said = written_with(CONTACTS, examples.NEW_PEOPLE)
    assert transformed(tmp_path / "none.xml", CONTACTS, DEFAULT_PROFILE, said) is said
