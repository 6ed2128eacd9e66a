"""Reward vouchers in Engage's v3 language."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contacts.api import contact_or_404
from engage_portal.api.idempotency import answered_once, key_digest
from engage_portal.api.loyalty_schema import VOUCHERS
from engage_portal.api.paging import PAGING, asked_part, page_body
from engage_portal.api.schema import ERRORS
from engage_portal.api.views import EngageView, aged, guid_or_refuse, store_for
from engage_portal.core.freshness import Freshness
from engage_portal.outbox.line import door
from promotions.selectors import UseState, vouchers_for
from promotions.services import voucher_reactivate, voucher_redeem, vouchers_current

_CONTACT = OpenApiParameter("contactId", OpenApiTypes.UUID, required=True)
_VOUCHER = OpenApiParameter(
    "reward_voucher_id", UUID, "path", description="The voucher's `id`, never the number on it."
)


class _Vouchers(EngageView):
    """A contact's vouchers in some states."""

    states: ClassVar[frozenset[UseState]]

    def listed(self, request: Request) -> Response:
        """The part of them that was asked for, with the age of our copy."""
        offset, count = asked_part(request)
        contact = contact_or_404(request.query_params.get("contactId", ""), self)
        read = vouchers_current(contact=contact, deadline=self.deadline)
        if read.freshness is Freshness.NONE:
            raise door.line_down("Engage is away, and these vouchers were never fetched before.")
        rows = [voucher.body for voucher in vouchers_for(contact) if voucher.state in self.states]
        return aged(page_body(rows[offset : offset + count], total=len(rows), offset=offset), read)


class RewardVouchers(_Vouchers):
    """`GET /api/v3/reward-vouchers`."""

    states = frozenset(UseState)

    @extend_schema(
        operation_id="listRewardVouchers",
        tags=["points and vouchers"],
        parameters=[_CONTACT, *PAGING],
        responses={200: VOUCHERS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """All vouchers of a contact, those used here marked as redeemed from that moment on."""
        return self.listed(request)


class AvailableVouchers(_Vouchers):
    """`GET /api/v3/reward-vouchers/available`."""

    states = frozenset({UseState.USABLE})

    @extend_schema(
        operation_id="listAvailableRewardVouchers",
        tags=["points and vouchers"],
        parameters=[_CONTACT, *PAGING],
        responses={200: VOUCHERS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The vouchers that a contact can use now, by the portal's own clock."""
        return self.listed(request)


class RedeemedVouchers(_Vouchers):
    """`GET /api/v3/reward-vouchers/redeemed`."""

    states = frozenset({UseState.REDEEMED})

    @extend_schema(
        operation_id="listRedeemedRewardVouchers",
        tags=["points and vouchers"],
        parameters=[_CONTACT, *PAGING],
        responses={200: VOUCHERS, **ERRORS},
    )
    def get(self, request: Request) -> Response:
        """The vouchers that a contact has used, there or here."""
        return self.listed(request)


class RedeemVoucher(EngageView):
    """`POST /api/v3/reward-vouchers/{rewardVoucherId}/redeem`."""

    @extend_schema(
        operation_id="redeemRewardVoucher",
        tags=["points and vouchers"],
        parameters=[_VOUCHER],
        request=None,
        responses={
            200: OpenApiResponse(description="Redeemed in Engage."),
            202: OpenApiResponse(description="Redeemed here; on its way to Engage."),
            **ERRORS,
        },
    )
    @answered_once
    def post(self, request: Request, reward_voucher_id: str) -> Response:
        """Use a voucher, once. From the answer on it is used here too, on every till."""
        used = voucher_redeem(
            voucher_id=_guid(reward_voucher_id),
            store=store_for(self.key, ""),
            actor=self.key.name,
            request_key=key_digest(request),
            deadline=self.deadline,
        )
        return Response(None, status=200 if used.is_live else 202)


class ReactivateVoucher(EngageView):
    """`POST /api/v3/reward-vouchers/{rewardVoucherId}/reactivate`."""

    @extend_schema(
        operation_id="reactivateRewardVoucher",
        tags=["points and vouchers"],
        parameters=[_VOUCHER],
        request=None,
        responses={
            200: OpenApiResponse(
                description="Usable again in Engage, or its use was stopped on the way there."
            ),
            202: OpenApiResponse(description="Usable again here; on its way to Engage."),
            **ERRORS,
        },
    )
    @answered_once
    def post(self, request: Request, reward_voucher_id: str) -> Response:
        """Make a used voucher usable again, because a sale was cancelled."""
        del request
        is_done = voucher_reactivate(
            voucher_id=_guid(reward_voucher_id),
            store=store_for(self.key, ""),
            actor=self.key.name,
            deadline=self.deadline,
        )
        return Response(None, status=200 if is_done else 202)


def _guid(text: str) -> UUID:
    return guid_or_refuse(text, code="InvalidRewardVoucherId", name="rewardVoucherId")
