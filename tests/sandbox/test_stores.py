from engage_portal.sandbox import seeds

STORES = "/api/v3/stores"


def test_three_stores_are_known(api):
    found = {store["externalId"]: store for store in api.get(STORES).json()}
    assert set(found) == {seeds.STORE_STOCKHOLM, seeds.STORE_GOTHENBURG, seeds.STORE_WEB}
    assert found[seeds.STORE_WEB]["type"] == "ECOMM"
    assert found[seeds.STORE_WEB]["city"] is None


def test_an_inactive_store_is_listed_only_on_request(api):
    made = api.post(STORES, json={"name": "Oslo City", "externalId": "321", "active": False})
    assert made.status_code == 201
    assert api.get(f"{STORES}/321").status_code == 404
    assert api.get(f"{STORES}/321", params={"includeInactive": "true"}).json() == made.json()
    assert len(api.get(STORES).json()) == 3
    assert len(api.get(STORES, params={"includeInactive": "true"}).json()) == 4


def test_a_store_needs_a_name_and_an_id(api):
    assert api.post(STORES, json={"name": "Oslo City"}).status_code == 400
    assert api.post(STORES, json={"externalId": "321"}).status_code == 400


def test_consents_have_texts_in_two_languages(api):
    found = api.get("/api/v3/consents").json()
    assert [consent["id"] for consent in found] == [seeds.CONSENT_MEMBER, seeds.CONSENT_PROFILING]
    for consent in found:
        for texts in consent["metaData"].values():
            assert set(texts) == {"sv-SE", "en-GB"}
