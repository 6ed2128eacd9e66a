"""Who signs in: staff with a password, customers with a one-time code."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """One sign-in. Staff have `is_staff`; customers have a contact and no usable password; a till has neither."""

    contact = models.OneToOneField(
        "contacts.Contact", null=True, blank=True, on_delete=models.CASCADE, related_name="user"
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(
                name="accounts_user_is_staff_or_customer",
                condition=models.Q(contact__isnull=True) | models.Q(is_staff=False, is_superuser=False),
            )
        ]
