"""Issuing and revoking the keys of tills and shops."""

from django.contrib.auth import get_user_model
from django.db import transaction

from engage_portal.api.models import ApiKey
from engage_portal.core import clock


class KeyNameTakenError(Exception):
    """A key of this name exists already."""


@transaction.atomic
def key_create(*, name: str, store: str) -> str:
    """Make a key and return it; only its hash is kept, so this is the one time it can be seen.

    Raises KeyNameTakenError: names tell staff who did what, so they are used once.
    """
    if ApiKey.objects.filter(name=name).exists():
        raise KeyNameTakenError(name)
    users = get_user_model().objects
    user, created = users.get_or_create(username=f"key:{name}")
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    _, token = ApiKey.objects.create(user=user, name=name, store=store)
    return str(token)


def key_revoke(*, name: str) -> bool:
    """Make a key useless from now on; False where there is none of this name, or it was revoked before."""
    return bool(ApiKey.objects.filter(name=name, revoked_at__isnull=True).update(revoked_at=clock.now()))
