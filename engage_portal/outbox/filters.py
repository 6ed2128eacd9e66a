"""One set of filters for the screen and for the API."""

import django_filters  # type: ignore[import-untyped]
from django.db.models import Q, QuerySet

from engage_portal.outbox.models import Item
from engage_portal.outbox.registry import kinds
from engage_portal.outbox.states import State

_DIGITS_OF_A_BIGINT = 19


def _kind_choices() -> list[tuple[str, str]]:
    return [(handler.kind, handler.label) for handler in kinds()]


class ItemFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Queue items by state, kind, store and text."""

    state = django_filters.MultipleChoiceFilter(choices=State.choices, label="State")
    kind = django_filters.ChoiceFilter(choices=_kind_choices, label="Kind", empty_label="All kinds")
    store = django_filters.CharFilter(field_name="store", lookup_expr="exact", label="Store")
    text = django_filters.CharFilter(method="search", label="Receipt, id or reason")

    class Meta:
        model = Item
        fields = ["state", "kind", "store", "text"]

    def search(self, queryset: QuerySet[Item], _name: str, value: str) -> QuerySet[Item]:
        """Items whose reference begins with the text, or whose number or reason it is."""
        text = value.strip()
        found = Q(reference__startswith=text) | Q(reason_code__iexact=text) | Q(reason__icontains=text)
        if text.isascii() and text.isdecimal() and len(text) < _DIGITS_OF_A_BIGINT:
            found |= Q(pk=int(text))
        return queryset.filter(found)
