"""A member's purchases and returns."""

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engage_portal.accounts.access import Visit, customer_page
from engage_portal.accounts.ages import age_of
from receipts.history.shown import purchases_shown
from receipts.selectors.wishes import Wish

PER_PAGE = 20
_LAST_PAGE = 10_000


@require_safe
@customer_page
def purchases(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Purchases and returns, of a year or a kind where that is wanted, newest first, a page at a time."""
    number = _page_number(request)
    try:
        wish = Wish.read(request.GET.dict())
    except ValueError:
        raise Http404 from None
    shown = purchases_shown(
        contact=visit.contact,
        wish=wish,
        offset=(number - 1) * PER_PAGE,
        count=PER_PAGE,
        deadline=visit.deadline,
    )
    if number > 1 and not shown.rows and not shown.is_incomplete:
        raise Http404
    context = {"shown": shown, "wish": wish, "number": number, "age": age_of(shown.read)}
    return render(request, "receipts/purchases.html", context)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_LAST_PAGE))):
        raise Http404
    number = int(text)
    if not 0 < number <= _LAST_PAGE:
        raise Http404
    return number
