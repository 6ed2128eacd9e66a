"""A member's purchases and returns."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engage_portal.accounts.access import Visit, customer_page
from engage_portal.accounts.ages import age_of
from receipts.history import history_current
from receipts.selectors import purchases_for

PER_PAGE = 20
_LAST_PAGE = 10_000


@require_safe
@customer_page
def purchases(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Purchases and returns, newest first, a page at a time."""
    read = history_current(contact=visit.contact, deadline=visit.deadline)
    number = _page_number(request)
    shown = purchases_for(visit.contact, offset=(number - 1) * PER_PAGE, count=PER_PAGE)
    paginator = Paginator(range(shown.total), PER_PAGE)
    if number > paginator.num_pages:
        raise Http404
    context = {"purchases": shown, "page": paginator.page(number), "age": age_of(read)}
    return render(request, "receipts/purchases.html", context)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= _LAST_PAGE):
        raise Http404
    return int(text[:6])
