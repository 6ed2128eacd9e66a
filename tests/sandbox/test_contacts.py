import pytest

from engage_portal.sandbox import seeds

CONTACTS = "/api/v3/contacts"
ANNA = f"{CONTACTS}/{seeds.ANNA_ID}"
NEW = {"firstName": "Erik", "email": "erik@example.com", "countryCode": "SE"}


def _errors(answer):
    assert answer.status_code == 422
    assert answer.json()["errorCode"] == "ValidationError"
    return [error["errorDescription"] for error in answer.json()["validationErrors"]]


def test_a_contact_is_read_in_its_envelope(api):
    body = api.get(ANNA).json()
    assert body["id"] == seeds.ANNA_ID
    assert body["meta"] == {"contactType": "Member"}
    assert body["attributes"]["street"] == "Storgatan 1"
    assert body["preferences"] == {"acceptsEmail": True, "acceptsSms": False, "acceptsPostal": False}
    assert {consent["id"] for consent in body["consents"]} == {"memberConsent", "profilingConsent"}


def test_ids_compare_without_regard_to_case(api):
    assert api.get(ANNA.replace(seeds.ANNA_ID, seeds.ANNA_ID.upper())).status_code == 200


def test_a_bad_id_is_400_and_an_unknown_one_404(api):
    assert api.get(f"{CONTACTS}/12").json()["errorCode"] == "InvalidContactId"
    unknown = api.get(f"{CONTACTS}/00000000-0000-4000-8000-000000000000")
    assert (unknown.status_code, unknown.json()["errorCode"]) == (404, "ContactNotFound")


def test_a_new_contact_is_201_with_the_envelope(api, engage):
    consents = [{"id": "memberConsent", "value": True, "source": "Ecom", "comment": "checkout"}]
    flat = {**NEW, "preferences": {"acceptsEmail": True}, "consents": consents}
    answer = api.post(CONTACTS, params={"source": "Ecom", "storeExternalId": "101"}, json=flat)
    assert answer.status_code == 201
    body = answer.json()
    assert body["meta"]["contactType"] == "Member"
    assert body["attributes"]["createdInStore"] == body["attributes"]["store"] == "101"
    assert body["attributes"]["memberNumber"] == "28972990001"
    assert body["preferences"] == {"acceptsEmail": True, "acceptsSms": False, "acceptsPostal": False}
    assert body["consents"][0]["date"]
    assert body["id"] in engage.contacts
    assert api.get(f"{CONTACTS}/id", params={"email": "erik@example.com"}).json() == body["id"]


def test_headers_of_v2_are_ignored_in_v3(api):
    body = api.post(CONTACTS, headers={"storeExternalId": "101", "source": "x"}, json=NEW).json()
    assert "createdInStore" not in body["attributes"]


def test_only_members_get_a_number(api):
    body = api.post(CONTACTS, json={**NEW, "contactType": "Contact"}).json()
    assert "memberNumber" not in body["attributes"]


@pytest.mark.parametrize("content", [b"", b"{}", b"null"])
def test_no_data_is_400(api, content):
    answer = api.post(CONTACTS, content=content)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "NoData")


def test_broken_json_is_400(api):
    assert api.post(CONTACTS, content=b"{").status_code == 400


@pytest.mark.parametrize("email", [seeds.ANNA_EMAIL, "ANNA@EXAMPLE.COM"])
def test_a_taken_key_is_409_and_nothing_changes(api, engage, email):
    before = engage.contacts
    answer = api.post(CONTACTS, json={**NEW, "email": email})
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "ApprovedContactWithKeyExists")
    assert engage.contacts == before


def test_the_same_key_may_exist_in_another_type(api):
    answer = api.post(CONTACTS, json={**NEW, "email": seeds.ANNA_EMAIL, "contactType": "Contact"})
    assert answer.status_code == 201


def test_a_race_of_two_creations_can_be_played(api, engage):
    engage.configure(being_created=True)
    answer = api.post(CONTACTS, json=NEW)
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "ContactWithKeyIsBeingCreated")


def test_an_unapproved_contact_holds_no_key(api):
    made = api.post(CONTACTS, params={"createAsUnapproved": "true"}, json=NEW).json()
    assert api.get(f"{CONTACTS}/{made['id']}").status_code == 200
    assert api.get(f"{CONTACTS}/id", params={"email": NEW["email"]}).status_code == 404
    assert api.get("/api/v2/contacts/count").json() == 5
    assert api.post(CONTACTS, json=NEW).status_code == 201


@pytest.mark.parametrize(
    ("changes", "starts"),
    [
        ({"lastName": None}, "lastName: null"),
        ({"lastName": ""}, "lastName: empty text"),
        ({"mobilePhone": "0735654321"}, "mobilePhone: "),
        ({"email": "no"}, "email: "),
        ({"birthDay": "12/04/1986"}, "birthDay: "),
        ({"gender": "female"}, "gender: "),
        ({"countryCode": "SWE"}, "countryCode: "),
        ({"firstName": 7}, "firstName: must be text"),
        ({"contactType": "Nobody"}, "contactType: "),
        ({"preferences": {"acceptsEmail": None}}, "preferences.acceptsEmail: "),
        ({"preferences": {"acceptsFax": True}}, "preferences.acceptsFax: unknown"),
        ({"preferences": None}, "preferences: "),
        ({"consents": [{"id": "noSuch", "value": True}]}, "consents[0].id: "),
        ({"consents": [{"id": "memberConsent", "value": None}]}, "consents[0].value: "),
        ({"consents": {}}, "consents: "),
    ],
)
def test_invalid_data_is_422_naming_the_field(api, engage, changes, starts):
    before = engage.contacts
    errors = _errors(api.post(CONTACTS, json={**NEW, **changes}))
    assert [error for error in errors if error.startswith(starts)]
    assert engage.contacts == before


def test_a_contact_without_any_key_is_422(api):
    assert _errors(api.post(CONTACTS, json={"firstName": "Erik"}))[0].startswith("email: at least one of")


def test_a_patch_touches_only_what_it_names(api):
    before = api.get(ANNA).json()
    answer = api.patch(ANNA, json={"lastName": "Examplesson", "street": "New Street 1337"})
    assert answer.status_code == 200
    assert answer.json()["attributes"] == {
        **before["attributes"],
        "lastName": "Examplesson",
        "street": "New Street 1337",
    }
    assert answer.json()["preferences"] == before["preferences"]
    assert api.get(ANNA).json() == answer.json()


def test_a_patch_may_answer_202_without_a_body(api, engage):
    engage.configure(patch_status=202)
    answer = api.patch(ANNA, json={"city": "Uppsala"})
    assert (answer.status_code, answer.content) == (202, b"")
    assert api.get(ANNA).json()["attributes"]["city"] == "Uppsala"


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_over_a_value_erases_it_and_is_noted(api, engage, nothing):
    assert api.patch(ANNA, json={"street": nothing}).json()["attributes"]["street"] is None
    assert (engage.log[-1]["level"], "street" in engage.log[-1]["text"]) == ("warning", True)
    assert api.patch(ANNA, json={"street": nothing}).status_code == 200  # repeating it does no harm


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_over_nothing_is_an_accident_and_422(api, nothing):
    errors = _errors(api.patch(ANNA, json={"careOf": nothing, "city": "Uppsala"}))
    assert errors[0].startswith("careOf: ")
    assert api.get(ANNA).json()["attributes"]["city"] == "Stockholm"


def test_the_last_key_cannot_be_erased(api):
    answer = api.patch(f"{CONTACTS}/{seeds.CECILIA_ID}", json={"email": None})
    assert "last key" in _errors(answer)[0]


def test_unknown_fields_and_the_type_are_ignored_with_a_note(api, engage):
    answer = api.patch(ANNA, json={"fristName": "Typo", "contactType": "Contact", "city": "Uppsala"})
    assert answer.status_code == 200
    assert answer.json()["meta"]["contactType"] == "Member"
    assert "fristName" not in answer.json()["attributes"]
    assert "fristName" in engage.log[-1]["text"]


def test_a_patch_cannot_take_a_key_of_its_type(api):
    answer = api.patch(ANNA, json={"email": seeds.BENGT_EMAIL})
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "ApprovedContactWithKeyExists")


def test_a_changed_key_is_found_and_the_old_one_is_free(api):
    api.patch(ANNA, json={"email": "anna.new@example.com"})
    assert api.get(f"{CONTACTS}/id", params={"email": "anna.new@example.com"}).json() == seeds.ANNA_ID
    assert api.get(f"{CONTACTS}/id", params={"email": seeds.ANNA_EMAIL}).status_code == 404


def test_preferences_and_consents_merge(api):
    consents = [{"id": "memberConsent", "value": False, "source": "MyPages"}]
    body = api.patch(ANNA, json={"preferences": {"acceptsSms": True}, "consents": consents}).json()
    assert body["preferences"] == {"acceptsEmail": True, "acceptsSms": True, "acceptsPostal": False}
    assert {consent["id"]: consent["value"] for consent in body["consents"]} == {
        "memberConsent": False,
        "profilingConsent": True,
    }


def test_the_v2_update_is_a_post(api):
    answer = api.post(f"/api/v2/contacts/{seeds.ANNA_ID}", json={"city": "Uppsala"})
    assert answer.json()["attributes"]["city"] == "Uppsala"


def test_a_contact_becomes_a_member_and_gets_a_number(api):
    url = f"{CONTACTS}/{seeds.CECILIA_ID}/updateContactType"
    body = api.post(url, params={"contactTypeId": "Member"}).json()
    assert body["meta"]["contactType"] == "Member"
    assert body["attributes"]["memberNumber"]
    assert api.post(url, params={"contactTypeId": "Member"}).json() == body  # the same type again is harmless


def test_a_change_of_type_needs_the_required_data(api, engage):
    engage.configure(member_requires=("mobilePhone",))
    url = f"{CONTACTS}/{seeds.CECILIA_ID}/updateContactType?contactTypeId=Member"
    assert _errors(api.post(url)) == ["mobilePhone: required for Member"]
    api.patch(f"{CONTACTS}/{seeds.CECILIA_ID}", json={"mobilePhone": "+46701740699"})
    assert api.post(url).status_code == 200


def test_a_change_of_type_respects_keys_and_names(api):
    url = f"{CONTACTS}/{seeds.DANA_CONTACT_ID}/updateContactType"
    assert api.post(url, params={"contactTypeId": "Member"}).status_code == 409
    assert api.post(url, params={"contactTypeId": "King"}).json()["errorCode"] == "InvalidContactType"
    assert api.post(url).status_code == 400


def test_a_deleted_contact_is_gone_for_good(api):
    assert api.delete(ANNA, params={"source": "test"}).status_code == 200
    assert api.delete(ANNA).status_code == 404
    assert api.get(ANNA).status_code == 404
    assert api.get(f"{CONTACTS}/id", params={"email": seeds.ANNA_EMAIL}).status_code == 404


def test_counting_by_type(api):
    assert api.get("/api/v2/contacts/Contact/count").json() == 2
