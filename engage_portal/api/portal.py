"""The portal's own operations: its state, and the offline queue."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from engage_portal import __version__
from engage_portal.api.errors import error_body
from engage_portal.api.idempotency import answered_once
from engage_portal.api.models import ApiKey
from engage_portal.api.paging import PAGING, asked_part, page_body
from engage_portal.api.renderers import EngageJSONRenderer
from engage_portal.api.schema import CANCEL, ERRORS, ITEM, ITEM_DETAIL, ITEM_PAGE, LONGEST_REASON, STATUS
from engage_portal.api.sentences import notice
from engage_portal.api.views import EngageView, text_or_refuse
from engage_portal.engage import Conflict, FieldError, Rejected
from engage_portal.outbox import pauses, selectors
from engage_portal.outbox.bodies import detail_body, item_body, line_body
from engage_portal.outbox.control import Cancelled, cancel, retry
from engage_portal.outbox.filters import ItemFilter
from engage_portal.outbox.line import breaker
from engage_portal.outbox.models import Item
from engage_portal.outbox.states import MOVING, State
from engage_portal.outbox.words import next_step_of, pause_over
from promotions.selectors.open_offers import open_offers

_LAST_ITEM = 10_000


@extend_schema(exclude=True)
class NoSuchOperation(EngageView):
    """Everything below /api/ that does not exist answers in Engage's shape, not with a page."""

    permission_classes = [AllowAny]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """404, whatever the method."""
        del args, kwargs
        refused = error_body(
            "NoSuchOperation", f"There is no {request.method} at this address. See /api/docs."
        )
        return HttpResponse(EngageJSONRenderer().render(refused), status=404, content_type="application/json")


class StatusView(EngageView):
    """`GET /api/portal/v1/status`."""

    @extend_schema(
        operation_id="portalStatus",
        tags=["portal"],
        parameters=[OpenApiParameter("language", description="en or sv; default en.")],
        responses={200: STATUS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Whether Engage is up, what waits, and what a till may say and give to its customer.

        `language` (`en`, `sv`) chooses the notice and the open offers, which there are only while Engage is down.
        """
        language = text_or_refuse(request, "language", longest=20)
        line, counts = breaker.status(), selectors.counts()
        return Response(
            {
                "version": __version__,
                "level": settings.ENGAGE_LEVEL,
                "engage": line_body(line),
                "outbox": {
                    "waiting": sum(counts.get(state, 0) for state in MOVING),
                    "attention": counts.get(State.ATTENTION, 0),
                },
                "notice": "" if line.is_up else notice(language),
                "openOffers": open_offers(store=self.key.store, is_away=not line.is_up, language=language),
            }
        )


class OutboxView(EngageView):
    """`GET /api/portal/v1/outbox`."""

    @extend_schema(
        operation_id="listOutbox",
        tags=["portal"],
        parameters=[
            OpenApiParameter("state", enum=State.values, many=True),
            OpenApiParameter("kind"),
            OpenApiParameter("store"),
            OpenApiParameter("outage", description="The number of an outage: what was kept because of it."),
            OpenApiParameter("file", description="The key of a file for Engage: what it has, or had last."),
            OpenApiParameter("text"),
            *PAGING,
        ],
        responses={200: ITEM_PAGE, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """Items of the caller's store, newest first."""
        offset, count = asked_part(request, last=_LAST_ITEM)
        found = ItemFilter(request.query_params, queryset=items_of(self.key))
        if not found.is_valid():
            raise ParseError("; ".join(f"{name}: {errors[0]}" for name, errors in found.errors.items()))
        rows = [item_body(item) for item in found.qs[offset : offset + count]]
        return Response(page_body(rows, total=found.qs.count(), offset=offset))


class OutboxItemView(EngageView):
    """`GET /api/portal/v1/outbox/{id}`."""

    @extend_schema(operation_id="showOutboxItem", tags=["portal"], responses={200: ITEM_DETAIL, **ERRORS})
    def get(self, request: Request, pk: int) -> Response:
        """One item with its history."""
        del request
        get_object_or_404(items_of(self.key), pk=pk)
        detail = selectors.item_detail(pk)
        next_step = next_step_of(detail, pause=pause_over(detail.item, pauses.current()))
        return Response(detail_body(detail, next_step=next_step))


class RetryOutboxItemView(EngageView):
    """`POST /api/portal/v1/outbox/{id}/retry`."""

    @extend_schema(
        operation_id="retryOutboxItem", tags=["portal"], request=None, responses={202: ITEM, **ERRORS}
    )
    def post(self, request: Request, pk: int) -> Response:
        """Send an item again that waits or needs attention."""
        del request
        get_object_or_404(items_of(self.key), pk=pk)
        done = retry(items=items_of(self.key).filter(pk=pk), by=self.key.name)
        body = item_body(Item.objects.get(pk=pk))
        return Response({**body, "message": str(done)}, status=202 if done.queued else 200)


class CancelOutboxItemView(EngageView):
    """`POST /api/portal/v1/outbox/{id}/cancel`."""

    @extend_schema(
        operation_id="cancelOutboxItem",
        tags=["portal"],
        request={"application/json": CANCEL},
        responses={200: ITEM, **ERRORS},
    )
    @answered_once
    def post(self, request: Request, pk: int) -> Response:
        """Give up an item that waits or needs attention; the reason stays in its history. It cannot be undone."""
        mine = items_of(self.key).filter(pk=pk)
        get_object_or_404(mine)
        done = cancel(items=mine, by=self.key.name, reason=_reason_or_refuse(request))
        if not done.cancelled:
            raise _too_late(done)
        return Response(item_body(Item.objects.get(pk=pk)))


def _reason_or_refuse(request: Request) -> str:
    """Why an item is given up, as one line. Raises Rejected (400) that names the field."""
    body = request.data
    reason = body.get("reason") if isinstance(body, dict) else None
    text = " ".join(reason.split()) if isinstance(reason, str) else ""
    if not text:
        problem = "reason is missing or no text: say why it is given up."
    elif len(text) > LONGEST_REASON:
        problem = f"reason must be at most {LONGEST_REASON} characters."
    elif not text.isprintable():
        problem = "reason must not hold control characters."
    else:
        return text
    complaint = FieldError(field="reason", description=problem)
    raise Rejected(problem, status=400, error_code="InvalidReason", field_errors=[complaint])


def _too_late(done: Cancelled) -> Conflict:
    if done.on_their_way:
        return Conflict("The item is on its way to Engage; look again later.", error_code="ItemOnItsWay")
    return Conflict("The item is settled already.", error_code="ItemSettled")


def items_of(key: ApiKey) -> Any:
    """The items that a key may see: of its store, or all for a key that is bound to none."""
    rows = selectors.items()
    return rows.filter(store=key.store) if key.store else rows
