"""Forgetting how a customer signed in."""

from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from contacts.shredder import known_as
from engage_portal.accounts.models import User
from engage_portal.core.privacy import register_shredder


def shred_sign_in(contact_id: UUID) -> int:
    """Delete the sign-in with its addresses, and every session in which it is signed in. May run twice.

    A session holds the e-mail address that its code went to; one that was never signed in ends within half a day.
    """
    users = User.objects.filter(contact__in=known_as(contact_id))
    gone = {str(pk) for pk in users.values_list("pk", flat=True)}
    if not gone:
        return 0
    theirs = [row.pk for row in Session.objects.iterator() if row.get_decoded().get(SESSION_KEY) in gone]
    Session.objects.filter(pk__in=theirs).delete()
    removed, _ = users.delete()
    return removed


register_shredder("accounts.User", shred_sign_in)
