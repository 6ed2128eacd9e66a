import pytest

from engage_portal.sandbox import seeds
from tests.sandbox.files.documents import CONTACTS, CONTACTS_FILE, MAJA_ID, contacts, example, member


@pytest.fixture
def take(send, run):
    def now(*records, **how):
        send(CONTACTS, CONTACTS_FILE, contacts(*records, **how))
        return run()

    return now


@pytest.fixture
def known(engage):
    """The one contact with an external id."""

    def find(external_id):
        (found,) = engage.with_key("externalId", external_id)
        return found

    return find


def test_an_unknown_key_creates_and_a_known_one_updates(take, known, engage):
    take(member(externalId="WEB-1", firstName="Erik", city="Lund", createdInStore="9001"))
    made = known("WEB-1")
    assert made["contactType"] == "Member"
    assert made["attributes"]["memberNumber"]
    assert (made["attributes"]["createdInStore"], made["attributes"]["store"]) == ("9001", "9001")
    take(member(externalId="WEB-1", city="Umeå"))
    assert known("WEB-1")["id"] == made["id"]
    assert known("WEB-1")["attributes"]["city"] == "Umeå"
    assert known("WEB-1")["attributes"]["firstName"] == "Erik"


def test_a_contact_id_updates_whatever_its_case(take, maja, engage):
    take(member(contactId=MAJA_ID.upper(), city="Göteborg"))
    assert engage.contacts[MAJA_ID]["attributes"]["city"] == "Göteborg"


def test_an_unknown_contact_id_creates_nobody(take, engage):
    before = len(engage.contacts)
    outcome = take(member(contactId=MAJA_ID, externalId="WEB-1"))
    assert outcome["lines"] == ["record 1 skipped: no contact has this contactId"]
    assert len(engage.contacts) == before


def test_one_contact_id_makes_it_the_key_of_the_whole_file(take, maja, engage):
    outcome = take(member(externalId="WEB-1", city="Lund"), member(contactId=MAJA_ID, city="Umeå"))
    assert outcome["lines"] == [
        "record 1 skipped: the key contactId is missing, and others in this file have it"
    ]
    assert (outcome["taken"], outcome["skipped"]) == (1, 1)
    assert engage.with_key("externalId", "WEB-1") == []


def test_a_contact_without_key_is_skipped_alone(take, known):
    outcome = take(member(firstName="Nobody"), member(externalId="WEB-1"))
    assert outcome["lines"] == ["record 1 skipped: the key externalId is missing"]
    assert known("WEB-1")


def test_the_tenants_key_is_a_setting(take, engage):
    engage.configure(key_field="email")
    outcome = take(member(email="erik@example.com", city="Lund"), member(email="nobody"), member(city="Lund"))
    assert (outcome["taken"], outcome["skipped"]) == (1, 2)
    assert (
        outcome["lines"][0] == "record 2 skipped: the key is not valid: email: is not a valid e-mail address"
    )
    assert engage.with_key("email", "erik@example.com")


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ({"email": "nobody"}, "email: is not a valid e-mail address"),
        ({"mobilePhone": "0735654321"}, "mobilePhone: is not a valid phone number with country code"),
        ({"birthDay": "29/02/1988"}, "birthDay: is not a date of the form YYYY-MM-DD"),
        ({"gender": "X"}, "gender: must be Male, Female or Other"),
        ({"socialSecurityNumber": "1"}, "socialSecurityNumber: is not a valid personal number"),
        ({"createdInStore": "nowhere"}, "createdInStore: this store does not exist"),
        ({"store": "nowhere"}, "store: this store does not exist"),
        ({"acceptsEmail": "maybe"}, "acceptsEmail: must be true or false"),
        ({"memberConsent": "perhaps"}, "memberConsent: must be true or false"),
        ({"favouriteColour": "blue"}, "favouriteColour: this Engage has no such field"),
        ({"careOf": ""}, "careOf: empty text for an attribute the contact does not have"),
        ({"email": seeds.ANNA_EMAIL}, "email: another Member has it"),
    ],
)
def test_a_bad_field_is_dropped_and_the_rest_is_taken(take, known, field, reason):
    outcome = take(member(externalId="WEB-1", city="Lund", **field))
    assert outcome["lines"] == [f"record 1, field dropped: {reason}"]
    assert (outcome["taken"], outcome["dropped"]) == (1, 1)
    made = known("WEB-1")
    assert made["attributes"]["city"] == "Lund"
    assert set(made["attributes"]) == {"externalId", "city", "memberNumber"}
    assert made["consents"] == []


def test_the_store_of_creation_never_changes(take, known):
    take(member(externalId="WEB-1", createdInStore="9001"))
    outcome = take(member(externalId="WEB-1", createdInStore="101", city="Lund"))
    assert outcome["lines"] == ["record 1, field dropped: createdInStore: cannot be changed"]
    assert known("WEB-1")["attributes"]["createdInStore"] == "9001"
    assert known("WEB-1")["attributes"]["city"] == "Lund"


def test_an_absent_element_leaves_alone_and_an_empty_one_wipes(take, maja, engage):
    take(member(contactId=MAJA_ID, city=""))
    attributes = engage.contacts[MAJA_ID]["attributes"]
    assert attributes["city"] is None
    assert attributes["mobilePhone"] == "+46700000113"


def test_preferences_and_consents_are_elements(take, known):
    take(member(externalId="WEB-1", acceptsEmail="true", acceptsSms="False", memberConsent="1"))
    made = known("WEB-1")
    assert made["preferences"] == {"acceptsEmail": True, "acceptsSms": False, "acceptsPostal": False}
    assert [(one["id"], one["value"]) for one in made["consents"]] == [("memberConsent", True)]


def test_a_birthday_may_come_with_a_time(take, known):
    take(member(externalId="WEB-1", birthDay="1988-02-29T00:00:00+01:00"))
    assert known("WEB-1")["attributes"]["birthDay"] == "1988-02-29"


@pytest.mark.parametrize(
    ("fields", "is_taken"),
    [
        ({"age": "15"}, False),
        ({"age": "16"}, True),
        ({"age": "15", "birthDay": "1960-01-01"}, False),
        ({"birthDay": "2019-03-01"}, False),
        ({"birthDay": "1988-02-29"}, True),
        ({"socialSecurityNumber": "20190301-1234"}, False),
        ({"socialSecurityNumber": "190301-1234"}, False),
        ({"socialSecurityNumber": "880229-1234"}, True),
        ({"socialSecurityNumber": "010319A123K"}, False),
        ({"socialSecurityNumber": "290288-123K"}, True),
        ({}, True),
    ],
)
def test_somebody_under_age_is_skipped(take, engage, fields, is_taken):
    engage.configure(minimum_age=16)
    outcome = take(member(externalId="WEB-1", **fields))
    assert bool(engage.with_key("externalId", "WEB-1")) == is_taken
    assert outcome["lines"] == ([] if is_taken else ["record 1 skipped: younger than 16"])


def test_without_the_rule_children_are_taken(take, known):
    take(member(externalId="WEB-1", birthDay="2019-03-01"))
    assert known("WEB-1")


@pytest.mark.parametrize(
    ("field", "is_taken"),
    [
        ({"firstName": "Maja"}, False),
        ({"email": "maja@example.org"}, False),
        ({"acceptsEmail": "true"}, False),
        ({"createdInStore": "9001"}, False),
        ({"shoeSize": "39"}, True),
        ({"externalId": "WEB-700113"}, True),
    ],
)
def test_suppressing_the_export_fails_with_a_standard_field(take, engage, maja, field, is_taken):
    records = (member(contactId=MAJA_ID, shoeSize="38"), member(contactId=MAJA_ID, **field))
    outcome = take(*records, more=' avoidTriggeringExport="true"')
    if is_taken:
        assert (outcome["failed"], outcome["taken"]) == ("", 2)
    else:
        (name,) = field
        assert outcome["failed"] == f"avoidTriggeringExport with the standard field {name}"
        assert "shoeSize" not in engage.contacts[MAJA_ID]["attributes"]


def test_the_record_is_named_after_the_contact_type(take, engage):
    outcome = take(member("contact", externalId="WEB-1"), member("stranger", externalId="WEB-2"))
    assert outcome["lines"] == ["record 2 skipped: <stranger> is no contact type"]
    assert engage.with_key("externalId", "WEB-1")[0]["contactType"] == "Contact"


def test_an_unknown_section_is_skipped(take, engage, maja):
    outcome = take(member(contactId=MAJA_ID), section="deleted")
    assert outcome["lines"] == ["record 1 skipped: section <deleted> is unknown"]
    assert MAJA_ID in engage.contacts


def test_the_first_example_creates_two(send, run, known):
    send(CONTACTS, CONTACTS_FILE, example("contacts_by_key"))
    outcome = run()
    assert outcome["words"] == "2 taken, 1 field dropped"
    first = known("WEB-700113")["attributes"]
    assert (first["lastName"], first["email"]) == ("Öst & Lind", "maja.ost@example.org")
    assert (first["birthDay"], first["createdInStore"]) == ("1988-02-29", "9001")
    assert known("WEB-700114")["attributes"]["mobilePhone"] == "+358400000114"


def test_the_log_says_nothing_personal(take, engage):
    record = member(externalId="WEB-1", email="erik erik", mobilePhone="070-1234567", firstName="Erik")
    text = str(take(record, member(email="x@example.com"))) + str(engage.log)
    for value in ("erik", "070", "Erik", "x@example", "WEB-1"):
        assert value not in text


def test_the_same_file_again_does_the_same(take, known, engage):
    record = member(externalId="WEB-1", firstName="Erik", email="erik@example.com")
    take(record)
    before = len(engage.contacts)
    assert take(record)["taken"] == 1
    assert len(engage.contacts) == before


def test_more_than_twenty_thousand_are_read_to_the_end_with_a_warning(take, known):
    outcome = take(*["<member/>"] * 20_000, member(externalId="WEB-1"))
    assert outcome["lines"][0] == "20001 contacts: more than 20000 are slow and may time out"
    assert (outcome["taken"], outcome["skipped"]) == (1, 20_000)
    assert len(outcome["lines"]) + outcome["unwritten"] == 20_001
    assert len(outcome["lines"]) == 200
    assert known("WEB-1")
