"""While an update is under way, processes of before it still sell."""

from uuid import uuid4

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from promotions.models import Redemption, VoucherUse

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kept", "of"),
    [(Redemption, {"assignment_id": uuid4(), "channel": "POS"}), (VoucherUse, {"voucher_id": uuid4()})],
)
def test_a_use_is_kept_by_a_process_that_knows_of_no_amounts(kept, of):
    """Refused by the database it would be told to the till as used already."""
    before = MigrationLoader(connection).project_state(("promotions", "0007_key_of_the_request")).apps
    old = before.get_model("promotions", kept.__name__)
    assert "currency" not in {field.name for field in old._meta.fields}
    made = old.objects.create(**of)
    assert (kept.objects.get().pk, kept.objects.get().currency) == (made.pk, "")
