"""What a checkout would cost without the portal: a Django view that reads the same rows and answers them as JSON.

Its caller's key, the customer, when their lists came, the lists, what was used since, and whether Engage is away: an
answer that leaves out one of them lets in anybody, hides its age, or offers what was used.
"""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()

import hmac  # noqa: E402 - these need Django to be set up
import json  # noqa: E402

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse  # noqa: E402
from django.urls import path  # noqa: E402
from knox.crypto import hash_token  # noqa: E402
from knox.settings import CONSTANTS  # noqa: E402

from contacts.models import Contact  # noqa: E402
from engage_portal.api.models import ApiKey  # noqa: E402
from engage_portal.outbox.models import EngageLine  # noqa: E402
from promotions.models import Assignment, AssignmentSnapshot, Voucher, VoucherSnapshot, VoucherUse  # noqa: E402


def checkout(request: HttpRequest) -> HttpResponse:
    """Check the key, find, read, answer."""
    token = request.headers["apikey"]
    key = ApiKey.objects.select_related("user").get(token_key=token[: CONSTANTS.TOKEN_KEY_LENGTH])
    if not hmac.compare_digest(hash_token(token), key.digest):
        return HttpResponseForbidden()
    contact = Contact.objects.get(email=json.loads(request.body)["email"])
    offers = Assignment.objects.filter(contact=contact).order_by("position")
    vouchers = list(Voucher.objects.filter(contact=contact).order_by("position"))
    used = {use.voucher_id for use in VoucherUse.objects.filter(voucher_id__in=[row.pk for row in vouchers])}
    line = EngageLine.objects.filter(pk="default").first()
    return JsonResponse(
        {
            "contact": contact.snapshot,
            "offers": [json.loads(row.raw) for row in offers],
            "offersFrom": AssignmentSnapshot.objects.get(contact=contact).fetched_at,
            "vouchers": [json.loads(row.raw) for row in vouchers if row.pk not in used],
            "vouchersFrom": VoucherSnapshot.objects.get(contact=contact).fetched_at,
            "isAway": line is not None and line.breaker_state != "closed",
        }
    )


urlpatterns = [path("api/portal/v1/checkout", checkout)]
