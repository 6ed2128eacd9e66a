"""Issuing and revoking the keys of tills and shops."""

from django.contrib.auth import get_user_model
from django.db import transaction

from engage_portal.api.models import ApiKey
from engage_portal.core import clock

LONGEST_NAME, LONGEST_STORE = 80, 100


class KeyNameTakenError(Exception):
    """A key of this name exists already."""


@transaction.atomic
def key_create(*, name: str, store: str, may_delete_contacts: bool = False) -> str:
    """Make a key and return it; only its hash is kept, so this is the one time it can be seen.

    Raises KeyNameTakenError: names tell staff who did what, so they are used once. Raises ValueError for a name or
    a store that cannot be kept.
    """
    for what, text, longest in (("name", name, LONGEST_NAME), ("store", store, LONGEST_STORE)):
        if len(text) > longest or not text.isprintable():
            raise ValueError(f"The {what} must be at most {longest} characters that can be printed.")
    if not name:
        raise ValueError("The name must not be empty.")
    if ApiKey.objects.filter(name=name).exists():
        raise KeyNameTakenError(name)
    users = get_user_model().objects
    user, created = users.get_or_create(username=f"key:{name}")
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    _, token = ApiKey.objects.create(  # type: ignore[no-untyped-call]
        user=user, name=name, store=store, may_delete_contacts=may_delete_contacts
    )
    return str(token)


def key_revoke(*, name: str) -> bool:
    """Make a key useless from now on; False where there is none of this name, or it was revoked before."""
    return bool(ApiKey.objects.filter(name=name, revoked_at__isnull=True).update(revoked_at=clock.now()))
