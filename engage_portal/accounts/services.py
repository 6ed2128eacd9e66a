"""Making the sign-in of a customer out of what the loyalty programme knows."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from contacts.models import Contact
from contacts.services import Asked
from contacts.services.finding import MEMBER
from contacts.services.upgrading import change_type_queued
from engage_portal.accounts.models import User


@transaction.atomic
def customer_user(*, contact: Contact) -> User:
    """The sign-in of a contact, made at its first use; its address follows the contact. May run twice."""
    user, is_new = User.objects.get_or_create(
        contact=contact,
        defaults={"username": str(contact.pk), "email": contact.email, "password": make_password(None)},
    )
    if user.email != contact.email:
        user.email = contact.email
        user.save(update_fields=["email"])
    if is_new and settings.ENGAGE_UPGRADE_ON_SIGN_IN and contact.contact_type != MEMBER:
        change_type_queued(contact, MEMBER, Asked(actor="member", channel="My Pages"))
    _give_address(user)
    return user


def _give_address(user: User) -> None:
    """Make the user's e-mail address theirs alone: whom it belongs to is decided by the loyalty programme."""
    EmailAddress.objects.filter(email__iexact=user.email).exclude(user=user).delete()
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
