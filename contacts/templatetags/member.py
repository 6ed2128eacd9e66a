"""Pieces of forms, for the templates."""

from django import template
from django.forms import BoundField
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def first_value(field: BoundField) -> SafeString:
    """The hidden input that tells what a field held when the page was made."""
    return field.as_hidden(only_initial=True)
