"""Making the sign-in of a customer out of what the loyalty programme knows."""

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from contacts.keys import proven_email
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
        defaults={
            "username": str(contact.pk),
            "email": proven_email(contact),
            "password": make_password(None),
        },
    )
    if is_new and settings.ENGAGE_UPGRADE_ON_SIGN_IN and contact.contact_type != MEMBER:
        change_type_queued(contact, MEMBER, Asked(actor="member", channel="My Pages"))
    customer_follows(user=user, contact=contact)
    return user


@transaction.atomic
def customer_follows(*, user: User, contact: Contact) -> None:
    """Let a customer sign in with the contact's address: the one that Engage has, never one that is still on its way.

    So nobody takes over somebody else's address by writing it into their profile. May run twice.
    """
    address = proven_email(contact)
    if user.email != address:
        user.email = address
        user.save(update_fields=["email"])
    _give_address(user)


def customer_at(*, email: str) -> User | None:
    """The customer whose proven address this is, although the contact is being changed to another one."""
    known = EmailAddress.objects.filter(email=email, verified=True, user__contact__isnull=False)
    user = User.objects.select_related("contact").filter(emailaddress__in=known).first()
    return user if user and user.contact and proven_email(user.contact) == email else None


def _give_address(user: User) -> None:
    """Make the user's e-mail address theirs alone: whom it belongs to is decided by the loyalty programme."""
    EmailAddress.objects.filter(email__iexact=user.email).exclude(user=user).delete()
    EmailAddress.objects.filter(user=user).exclude(email=user.email).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
