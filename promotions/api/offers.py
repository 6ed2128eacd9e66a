"""Promotion assignments in Engage's v3 language."""

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api import contact_or_404
from engage_portal.api.idempotency import answered_once, key_digest
from engage_portal.api.parsers import object_body
from engage_portal.api.schema import ASSIGNMENTS, ERRORS, REDEEM
from engage_portal.api.views import EngageView, aged, guid_or_refuse, store_for
from engage_portal.core.freshness import Freshness
from engage_portal.engage import Rejected
from engage_portal.outbox.line import door
from promotions.selectors import UseState, assignments_for
from promotions.services import CHANNELS, assignment_redeem, offers_current, redemption_release


class PromotionAssignments(EngageView):
    """`GET /api/v3/promotion-assignments`."""

    @extend_schema(
        operation_id="listPromotionAssignments",
        tags=["promotions"],
        parameters=[
            OpenApiParameter("contactId", OpenApiTypes.UUID, required=True),
            OpenApiParameter("redemptionChannelType", enum=CHANNELS, description="Left out: all channels."),
        ],
        responses={200: ASSIGNMENTS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """A contact's promotions, redeemed ones too, as Engage lists them.

        `state` is the portal's own, by its clock: `usable`, `notYetValid` or `redeemed`. What has expired since our
        copy was made is left out, as Engage leaves it out.
        """
        channel = request.query_params.get("redemptionChannelType", "").upper() or None
        if channel and channel not in CHANNELS:
            raise Rejected(
                f"redemptionChannelType must be one of {', '.join(CHANNELS)}.",
                status=400,
                error_code="NotAValidRedemptionChannel",
            )
        contact = contact_or_404(request.query_params.get("contactId", ""), self)
        read = offers_current(contact=contact, deadline=self.deadline)
        if read.freshness is Freshness.NONE:
            raise door.line_down("Engage is away, and these promotions were never fetched before.")
        views = assignments_for(contact, channel=channel)
        return aged([view.body for view in views if view.state is not UseState.EXPIRED], read)


class RedeemAssignment(EngageView):
    """`POST /api/v3/promotion-assignments/{assignmentId}/redeem`."""

    @extend_schema(
        operation_id="redeemPromotionAssignment",
        tags=["promotions"],
        parameters=[
            OpenApiParameter("assignment_id", UUID, "path", description="The `id`, never the `promotionId`.")
        ],
        request={"application/json": REDEEM},
        responses={
            200: OpenApiResponse(description="Redeemed in Engage."),
            202: OpenApiResponse(
                description="Redeemed here; on its way to Engage. `Location` is its item in the queue."
            ),
            **ERRORS,
        },
    )
    @answered_once
    def post(self, request: Request, assignment_id: str) -> Response:
        """Use a promotion, once. From the answer on it is used here too, on every till."""
        guid = guid_or_refuse(assignment_id, code="InvalidPromotionIdNoData", name="assignmentId")
        channel = object_body(request).get("redemptionChannel")
        if not isinstance(channel, str):
            raise Rejected(
                "redemptionChannel is missing or no text: send POS, ECOM or OTHER.",
                status=400,
                error_code="NotAValidRedemptionChannel",
            )
        redeemed = assignment_redeem(
            assignment_id=guid,
            channel=channel.upper(),
            store=store_for(self.key, ""),
            actor=self.key.name,
            request_key=key_digest(request),
            deadline=self.deadline,
        )
        if redeemed.is_live:
            return Response(None, status=200)
        return Response(None, status=202, headers={"Location": f"/api/portal/v1/outbox/{redeemed.item.pk}"})


class ReleaseAssignment(EngageView):
    """`POST /api/portal/v1/promotion-assignments/{assignmentId}/release`: the portal's own, Engage has no such call."""

    @extend_schema(
        operation_id="releasePromotionAssignment",
        tags=["promotions"],
        parameters=[
            OpenApiParameter("assignment_id", UUID, "path", description="The `id` that was redeemed.")
        ],
        request=None,
        responses={
            200: OpenApiResponse(description="Usable again; Engage never hears of the use."),
            **ERRORS,
        },
    )
    @answered_once
    def post(self, request: Request, assignment_id: str) -> Response:
        """Make a promotion usable again, because its sale was cancelled: only while the use waits here (409 after)."""
        del request
        guid = guid_or_refuse(assignment_id, code="InvalidPromotionIdNoData", name="assignmentId")
        redemption_release(assignment_id=guid, store=self.key.store, actor=self.key.name)
        return Response(None)
