"""Is Saturday complete? What each store sold and redeemed on a day, and how much of it is in Engage."""

import csv
from datetime import date, timedelta

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from engage_portal.accounts.access import staff_page
from engage_portal.core import clock
from engage_portal.staff.permissions import VIEW
from receipts.selectors.days import StoreDay, answer_in_words, rows_of, store_days
from receipts.selectors.purchases import store_names

_ONE_DAY = timedelta(days=1)
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


class DayForm(forms.Form):
    """Which day, and whose."""

    day = forms.DateField(
        label="Day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Please write the day like 2026-11-21."},
        validators=[MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2200, 12, 31))],
    )
    store = forms.CharField(label="Store", required=False, max_length=100)


@require_safe
@staff_page(VIEW)
def days(request: HttpRequest) -> HttpResponse:
    """The stores of a day; with `csv` in the query as a file."""
    form = DayForm({"day": timezone.localdate(clock.now()).isoformat(), **request.GET.dict()})
    day, found = _asked(form)
    if "csv" in request.GET and form.is_valid():
        return _file(day, found)
    names = store_names(one.store for one in found)
    context = {
        "form": form,
        "day": day,
        "stores": [(one, names.get(one.store, "")) for one in found],
        "answer": answer_in_words(found) if found else "",
        "before": day - _ONE_DAY,
        "after": day + _ONE_DAY if day < timezone.localdate(clock.now()) else None,
    }
    return render(request, "staff/days.html", context)


def _asked(form: DayForm) -> tuple[date, list[StoreDay]]:
    today = timezone.localdate(clock.now())
    if not form.is_valid():
        return today, []
    day = form.cleaned_data["day"] or today
    return day, store_days(day, store=form.cleaned_data["store"].strip())


def _file(day: date, found: list[StoreDay]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="stores-{day.isoformat()}.csv"'
    writer = csv.writer(response)
    for row in rows_of(found):
        writer.writerow([_harmless(text) for text in row])
    return response


def _harmless(text: str) -> str:
    """A store's name must not become a formula in a spreadsheet; a negative total may stay one."""
    is_number = text.lstrip("-").replace(".", "", 1).isdecimal()
    return f"'{text}" if text.startswith(_DANGEROUS) and not is_number else text
