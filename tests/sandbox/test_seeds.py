from engage_portal.core.ids import parse_guid
from engage_portal.sandbox import seeds
from engage_portal.sandbox.app import create_app
from engage_portal.sandbox.state import utc


def test_every_seeded_id_is_a_guid():
    ids = {name: value for name, value in vars(seeds).items() if name.endswith("_ID")}
    assert len(ids) == 16
    assert all(parse_guid(value) for value in ids.values())
    assert len(set(ids.values())) == len(ids)


def test_everybody_is_invented(engage):
    for contact in engage.contacts.values():
        assert contact["attributes"]["email"].endswith("@example.com")


def test_one_address_exists_in_two_types(engage):
    found = [contact["contactType"] for contact in engage.with_key("email", seeds.DANA_EMAIL)]
    assert sorted(found) == ["Contact", "Member"]


def test_history_lies_within_the_last_year(engage):
    for record in engage.store.all("transaction").values():
        age = engage.now() - utc(record["item"]["createdDate"])
        assert 0 < age.days < 366


def test_an_unseeded_sandbox_has_consents_and_nobody():
    app = create_app(seed=False)
    assert app.engage.contacts == {}
    assert len(app.engage.store.all("consent")) == 2
    app.engage.reset()
    assert app.engage.contacts == {}
