"""A member's offers, points and vouchers."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engage_portal.accounts.access import Visit, customer_page
from engage_portal.accounts.ages import age_of
from promotions.selectors import balances_for, movements_for, offers_for, vouchers_for
from promotions.selectors.vouchers import VoucherState
from promotions.services import offers_current, points_current, vouchers_current

PER_PAGE = 20
_LAST_PAGE = 10_000


@require_safe
@customer_page
def offers(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """What they may use now, then what they have used."""
    read = offers_current(contact=visit.contact, deadline=visit.deadline)
    every = offers_for(visit.contact)
    context = {
        "usable": [offer for offer in every if offer.usable],
        "past": [offer for offer in every if not offer.usable],
        "age": age_of(read),
    }
    return render(request, "promotions/offers.html", context)


@require_safe
@customer_page
def points(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """What they have, what they can use, what they used, and how the points came and went."""
    vouchers = vouchers_current(contact=visit.contact, deadline=visit.deadline)
    reads = points_current(contact=visit.contact, deadline=visit.deadline)
    number = _page_number(request)
    movements = movements_for(visit.contact, offset=(number - 1) * PER_PAGE, count=PER_PAGE)
    paginator = Paginator(range(movements.total), PER_PAGE)
    if number > paginator.num_pages:
        raise Http404
    every = vouchers_for(visit.contact)
    context = {
        "balances": balances_for(visit.contact),
        "usable": [each for each in every if each.state is VoucherState.USABLE],
        "coming": [each for each in every if each.state is VoucherState.NOT_YET],
        "past": [each for each in every if each.state in {VoucherState.USED, VoucherState.EXPIRED}],
        "movements": movements,
        "page": paginator.page(number),
        "age": age_of(vouchers, *reads),
    }
    return render(request, "promotions/points.html", context)


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= _LAST_PAGE):
        raise Http404
    return int(text[:6])
