"""A member's offers, points and vouchers."""

from collections.abc import Sequence

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engage_portal.accounts.access import Visit, customer_page
from engage_portal.accounts.ages import age_of
from promotions.selectors import Offer, VoucherView, balances_for, movements_for, offers_for, vouchers_for
from promotions.services import offers_current, points_current, vouchers_current

PER_PAGE = 20
_LAST_PAGE = 10_000


@require_safe
@customer_page
def offers(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """What they may use now, what they may use later, then what they have used."""
    read = offers_current(contact=visit.contact, deadline=visit.deadline)
    context = {**_by_state(offers_for(visit.contact)), "age": age_of(read)}
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
    context = {
        "balances": balances_for(visit.contact),
        **_by_state(vouchers_for(visit.contact)),
        "movements": movements,
        "page": paginator.page(number),
        "age": age_of(vouchers, *reads),
    }
    return render(request, "promotions/points.html", context)


def _by_state(every: Sequence[Offer] | Sequence[VoucherView]) -> dict[str, list[Offer | VoucherView]]:
    """Offers or vouchers as a page shows them: to use now, to use later, used or over."""
    return {
        "usable": [each for each in every if each.state.is_usable],
        "coming": [each for each in every if each.state.is_not_yet_valid],
        "past": [each for each in every if not (each.state.is_usable or each.state.is_not_yet_valid)],
    }


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) <= _LAST_PAGE):
        raise Http404
    return int(text[:6])
