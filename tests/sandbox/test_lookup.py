import pytest

from engage_portal.sandbox import seeds

FIND = "/api/v3/contacts/id"


def _code(answer):
    return answer.status_code, answer.json().get("errorCode")


@pytest.mark.parametrize(
    "query",
    [
        {"email": seeds.ANNA_EMAIL},
        {"email": "ANNA@Example.com"},
        {"mobilePhone": seeds.ANNA_PHONE},
        {"customKey": seeds.ANNA_MEMBER_NUMBER},
        {"any": seeds.ANNA_EMAIL},
        {"any": seeds.ANNA_PHONE},
        {"any": seeds.ANNA_MEMBER_NUMBER},
        {"email": seeds.ANNA_EMAIL, "contactType": "member"},
    ],
)
def test_one_match_is_a_bare_json_string(api, query):
    answer = api.get(FIND, params=query)
    assert answer.status_code == 200
    assert answer.text == f'"{seeds.ANNA_ID}"'


def test_a_key_in_two_types_is_409_with_both_ids(api):
    answer = api.get(FIND, params={"email": seeds.DANA_EMAIL})
    assert _code(answer) == (409, "MultipleMatches")
    found = answer.json()["messageDetails"]["multipleMatchesFound"]
    assert set(found) == {seeds.DANA_MEMBER_ID, seeds.DANA_CONTACT_ID}


def test_the_contact_type_narrows_it_down(api):
    answer = api.get(FIND, params={"email": seeds.DANA_EMAIL, "contactType": "Contact"})
    assert answer.json() == seeds.DANA_CONTACT_ID


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"email": "nobody@example.com"}, (404, "ContactNotFound")),
        ({"email": seeds.CECILIA_EMAIL, "contactType": "Member"}, (404, "ContactNotFound")),
        ({"email": "not an address"}, (400, "InvalidEmailAddress")),
        ({"mobilePhone": "0735654321"}, (400, "InvalidPhoneNumber")),
        ({"socialSecurityNumber": "12"}, (400, "InvalidSocialSecurityNumber")),
        ({"email": seeds.ANNA_EMAIL, "contactType": "Nobody"}, (400, "InvalidContactType")),
        ({}, (400, "InvalidSearchQuery")),
        ({"email": seeds.ANNA_EMAIL, "any": "x"}, (400, "InvalidSearchQuery")),
        ({"customKey": " "}, (400, "InvalidSearchQuery")),
    ],
)
def test_what_is_wrong_has_a_code(api, query, expected):
    assert _code(api.get(FIND, params=query)) == expected


def test_any_stops_at_the_first_well_formed_kind(api):
    """A contact whose external id looks like an e-mail is not found: `any` takes it for an e-mail."""
    made = api.post("/api/v3/contacts", json={"externalId": "till@7.example"})
    assert api.get(FIND, params={"customKey": "till@7.example"}).json() == made.json()["id"]
    assert _code(api.get(FIND, params={"any": "till@7.example"})) == (404, "ContactNotFound")


def test_which_attribute_the_custom_key_is_can_be_set(api, engage):
    engage.configure(custom_keys=("externalId",))
    assert api.get(FIND, params={"customKey": seeds.ANNA_MEMBER_NUMBER}).status_code == 404
