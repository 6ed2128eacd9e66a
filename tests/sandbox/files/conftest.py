from pathlib import Path

import pytest

from engage_portal.sandbox import promotions, stores
from engage_portal.sandbox.app import create_app
from engage_portal.sandbox.state import Settings
from tests.sandbox.files.documents import COUPON_ID, MAJA_ID, TEMPLATE_ID
from tests.sandbox.payloads import client_for


@pytest.fixture
def root(tmp_path):
    return tmp_path / "ftp"


@pytest.fixture
def app(root):
    """A sandbox with folders, whose jobs run when a test says so."""
    made = create_app(files=root, settings=Settings(file_interval=1_000_000))
    stores.put(made.engage, {"name": "Kista", "externalId": "9001", "type": "RETAIL"})
    yield made
    made.close()


@pytest.fixture
def api(app):
    with client_for(app) as client:
        yield client


@pytest.fixture
def send(root):
    """Puts a file into an import folder, all of it at once; answers its path."""

    def put(folder: str, name: str, content: str | bytes) -> Path:
        path = root / "integration" / folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put


@pytest.fixture
def run(api):
    """Runs a job; answers the outcome of the file that was taken last."""

    def now(what: str = "import") -> dict:
        log = api.post("/files/run", json={"what": what}).json()["log"]
        return log[-1] if log else {}

    return now


@pytest.fixture
def exports(api):
    """Writes exports; answers (name, content) of those that are new, oldest first."""
    seen = set()

    def written() -> list[tuple[str, str]]:
        names = api.post("/files/run", json={"what": "export"}).json()["exports"]
        fresh = [name for name in names if name not in seen]
        seen.update(fresh)
        return [(name, api.get("/files/export", params={"name": name}).text) for name in fresh]

    return written


@pytest.fixture
def maja(engage):
    """Somebody who exists, with the id of the examples; no export knows of it."""
    contact = {
        "id": MAJA_ID,
        "contactType": "Member",
        "approved": True,
        "attributes": {
            "memberNumber": "5000113",
            "externalId": "WEB-700113",
            "mobilePhone": "+46700000113",
            "city": "Stockholm",
        },
        "preferences": {"acceptsEmail": False, "acceptsSms": False, "acceptsPostal": False},
        "consents": [],
        "createdAt": engage.now().isoformat(),
        "updatedAt": engage.now().isoformat(),
    }
    engage.store.put("contact", MAJA_ID, contact)
    return MAJA_ID


@pytest.fixture
def template(engage):
    """The main promotion of the examples."""
    plain = {"localValues": [], "instruction": None}
    made = {
        "id": TEMPLATE_ID,
        "promotionId": TEMPLATE_ID,
        "externalId": "SPRING-26",
        "type": "Multichannel",
        "name": "Spring lamps",
        "expiresOn": engage.local_iso(engage.now().replace(year=engage.now().year + 1)),
        "heading": "Spring lamps",
        "description": "Spring lamps",
        "imageUrl": None,
        "link": None,
        "redemptionChannels": [
            {**plain, "type": "POS", "valueType": "PERCENT", "value": 15, "instruction": "15 % off one lamp"},
            {**plain, "type": "ECOM", "valueType": "EXTERNALOFFER", "value": "LAMP15"},
        ],
    }
    engage.store.put("template", TEMPLATE_ID, made)
    return made


@pytest.fixture
def coupon(engage, maja, template):
    """Maja's right to it."""
    promotions.give(engage, maja, template, COUPON_ID)
    return COUPON_ID
