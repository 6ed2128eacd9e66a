"""What an upload left that broke off before the portal kept that in mind is deleted, too."""

from importlib import import_module

import pytest
from django.apps import apps

from engage_portal.core import clock
from engage_portal.fallback.dropbox import Step
from engage_portal.fallback.models import SpoolFile

pytestmark = pytest.mark.django_db

State = SpoolFile.State
_migration = import_module("engage_portal.fallback.migrations.0003_what_an_upload_left")


@pytest.mark.parametrize(
    ("state", "step", "tries", "may_have_one"),
    [
        (State.READY, Step.NOT_BEGUN, 0, False),
        (State.READY, Step.NOT_BEGUN, 1, True),
        (State.READY, Step.RENAMING, 0, True),
        (State.STUCK, Step.RENAMING, 2, True),
        (State.STUCK, Step.DONE, 0, False),
        (State.UPLOADED, Step.DONE, 0, False),
        (State.WITHDRAWN, Step.NOT_BEGUN, 3, True),
    ],
)
def test_it_is_told_by_the_tries_and_the_step(
    state: State, step: Step, tries: int, *, may_have_one: bool
) -> None:
    SpoolFile.objects.create(
        file_type="transactions",
        state=state,
        step=step,
        tries=tries,
        problem="It broke off.",
        ended_at=clock.now() if state == State.WITHDRAWN else None,
    )

    _migration.note_parts(apps, None)

    assert SpoolFile.objects.get().has_part is may_have_one
