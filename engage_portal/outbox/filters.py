"""One set of filters for the screen and for the API."""

import django_filters  # type: ignore[import-untyped]
from django.db.models import Q, QuerySet

from engage_portal.core.ids import parse_guid
from engage_portal.outbox.line.outages import span_of
from engage_portal.outbox.models import Item, Outage
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
    outage = django_filters.CharFilter(method="kept_in", label="Number of an outage")
    file = django_filters.CharFilter(method="in_file", label="Key of a file for Engage")
    text = django_filters.CharFilter(method="search", label="Receipt, id or reason")

    class Meta:
        model = Item
        fields = ["state", "kind", "store", "outage", "file", "text"]

    def kept_in(self, queryset: QuerySet[Item], _name: str, value: str) -> QuerySet[Item]:
        """Items that were kept because of an outage; none for a number that no outage has."""
        outage = outage_numbered(value)
        return queryset.filter(span_of(outage)) if outage else queryset.none()

    def in_file(self, queryset: QuerySet[Item], _name: str, value: str) -> QuerySet[Item]:
        """Items that a file has, or had last; none for a key that no file has."""
        key = parse_guid(value)
        return queryset.filter(spool_file=key) if key else queryset.none()

    def search(self, queryset: QuerySet[Item], _name: str, value: str) -> QuerySet[Item]:
        """Items whose reference begins with the text, or whose number or reason it is."""
        text = value.strip()
        found = Q(reference__startswith=text) | Q(reason_code__iexact=text) | Q(reason__icontains=text)
        if _is_number(text):
            found |= Q(pk=int(text))
        return queryset.filter(found)


def outage_numbered(text: str) -> Outage | None:
    """The outage of a number, however senseless the number is."""
    return Outage.objects.filter(pk=int(text)).first() if _is_number(text) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < _DIGITS_OF_A_BIGINT
