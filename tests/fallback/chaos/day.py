"""A day without Engage's API, and what is asked of it at the end: each fact in Engage once, and nothing left here."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import time_machine
from rest_framework.test import APIClient

from engage_portal.core import clock
from engage_portal.fallback.models import SpoolFile
from engage_portal.fallback.tasks import tend
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import OPEN
from engage_portal.sandbox import facts, promotions, seeds
from engage_portal.sandbox.app import Sandbox
from engage_portal.sandbox.files import job
from engage_portal.sandbox.files.folders import Folders
from tests.api.talking import redeem_path
from tests.fallback.spool.conftest import come_back
from tests.outbox.building import engage_is_away

_PROFILE = """
[contacts_import]
folder = "integration/contactImport"
[redeemed_promotions_import]
enabled = {redeems}
folder = "integration/redeemedPromotionImport"
"""


@dataclass
class Day:
    """Engage, its import folders, and the clock."""

    engage: Sandbox
    root: Path
    settings: Any
    machine: Any
    redeems: bool = True

    def goes_away(self) -> None:
        """Its API has not answered for hours, and everybody knows."""
        self.engage.engage.faults.set("down")
        engage_is_away(since=clock.now() - timedelta(hours=7))

    def passes(self, hours: float) -> None:
        """So much later."""
        self.machine.shift(hours * 3600)

    def imports(self) -> None:
        """Engage's job runs."""
        job.run_imports(self.engage.engage)

    def goes_on(self, times: int = 3) -> None:
        """The worker and Engage's job, hour after hour."""
        for _ in range(times):
            self.passes(1.2)
            tend()
            self.imports()
            tend()

    def coupons(self, count: int) -> list[str]:
        """Offers of Anna's that the portal has not heard of yet."""
        template = self.engage.engage.store.get("template", seeds.PERCENT_TEMPLATE_ID)
        assert template is not None
        ids = [str(uuid5(UUID(seeds.ANNA_ID), f"coupon {number}")) for number in range(count)]
        for one in ids:
            promotions.give(self.engage.engage, seeds.ANNA_ID, template, one)
        return ids

    def tells_of_offers(self, till: APIClient) -> None:
        """For a moment it is there, and the portal reads Anna's offers: what is nobody's waits for the API."""
        come_back(self.engage)
        assert till.get(f"/api/v3/promotion-assignments?contactId={seeds.ANNA_ID}").status_code == 200
        self.goes_away()

    def facts(self) -> Any:
        """What Engage says it has."""
        return facts.facts(self.engage.engage)

    def has_once(self, *, receipts: list[str], emails: list[str], coupons: list[str]) -> None:
        """Fail unless Engage has each of these exactly once."""
        found = self.facts()
        assert {name: found["receipts"].get(name, {}).get("inHistory") for name in receipts} == dict.fromkeys(
            receipts, 1
        )
        assert {name: found["contacts"]["keys"]["email"][name] for name in emails} == dict.fromkeys(emails, 1)
        assert {name: found["redemptions"].get(name, {}).get("times") for name in coupons} == dict.fromkeys(
            coupons, 1
        )

    def nothing_is_left(self) -> None:
        """Fail where a file, a part of one, or an item is on its way still."""
        assert list(Path(self.settings.SPOOL_FOLDER).iterdir()) == []
        assert [path.name for path in self.root.rglob("*") if path.is_file()] == []
        ended = {SpoolFile.State.PICKED_UP, SpoolFile.State.WITHDRAWN}
        assert set(SpoolFile.objects.values_list("state", flat=True)) <= ended
        assert set(Item.objects.values_list("state", flat=True)).isdisjoint(OPEN)


@contextmanager
def prepared(
    engage: Sandbox,
    settings: Any,
    home: Path,
    *,
    root: Path | None = None,
    redeems: bool = True,
) -> Iterator[Day]:
    """Engage with import folders below a root, and a tenant that has said where they are."""
    profile = home / "profile.toml"
    profile.write_text(_PROFILE.format(redeems=str(redeems).lower()))
    settings.ENGAGE_FILE_PROFILE = str(profile)
    settings.SPOOL_FOLDER = str(home / "spool")
    root = root or home / "engage"
    engage.engage.folders = Folders(root)
    engage.engage.configure(key_field="email", import_delay=0, file_interval=1_000_000_000)
    try:
        with time_machine.travel(clock.now(), tick=True) as machine:
            yield Day(engage, root, settings, machine, redeems)
    finally:
        engage.engage.folders = None


def redeem(till: APIClient, coupon: str) -> None:
    """At a till that has to trust it."""
    assert till.post(redeem_path(coupon), {"redemptionChannel": "POS"}).status_code == 202
