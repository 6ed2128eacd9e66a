"""One table."""

from django.db import models


class Row(models.Model):
    """A body as it came."""

    name = models.CharField(max_length=100, unique=True)
    body = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name
