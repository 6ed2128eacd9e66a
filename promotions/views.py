"""A member's offers."""

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from engage_portal.accounts.access import Visit, customer_page
from engage_portal.accounts.ages import age_of
from promotions.selectors import offers_for
from promotions.services import offers_current


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
