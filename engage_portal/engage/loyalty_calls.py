"""Promotions, points and vouchers."""

from typing import Literal

from engage_portal.core.ids import AssignmentId, EngageContactId
from engage_portal.engage import operations as op
from engage_portal.engage.answers import Page, listed
from engage_portal.engage.calls import Calls, Query, needed, unusable
from engage_portal.engage.loyalty import PointAccount, PointTransaction, PromotionAssignment, RewardVoucher
from engage_portal.engage.wire import encode, objects

VoucherChoice = Literal["all", "available", "redeemed"]
PointFilter = Literal["All", "Active", "Pending"]

_VOUCHER_LISTS = {
    "all": op.LIST_VOUCHERS,
    "available": op.LIST_AVAILABLE_VOUCHERS,
    "redeemed": op.LIST_REDEEMED_VOUCHERS,
}


class LoyaltyCalls(Calls):
    """The part of the client that is about what a contact may use. Every method raises `EngageError`."""

    def list_promotion_assignments(
        self, contact_id: EngageContactId, *, channel: str | None = None
    ) -> list[PromotionAssignment]:
        """The promotions of a contact, in one channel (POS, ECOM, OTHER) or all. Redeemed ones may be among
        them.

        One guide puts the channel in a header; all other sources, and we, in the query
        [developer.voyado.com/en/promotions/get-promotions-for-contact.html].
        """
        query = {"contactId": contact_id, "redemptionChannelType": channel}
        entries = objects(listed(self._ask_list(op.LIST_PROMOTION_ASSIGNMENTS, query=query)))
        return [each for each in map(PromotionAssignment.read, entries) if each.id]

    def redeem_promotion(self, assignment_id: AssignmentId, *, channel: str) -> None:
        """Mark an assignment as used in a channel. Cannot be undone. See `benign.is_already_done` for a
        second time.

        [developer.voyado.com/en/promotions/redeem-a-promotion.html]
        """
        body = encode({"redemptionChannel": channel})
        self._ask(op.REDEEM_PROMOTION, ids={"assignmentId": assignment_id}, body=body)

    def assign_promotion(self, contact_id: EngageContactId, *, promotion_id: str) -> None:
        """Give a contact a promotion; this is the one call that takes the template's id.

        [developer.voyado.com/en/promotions/assign-a-promotion.html]
        """
        self._ask(op.ASSIGN_PROMOTION, body=encode({"contactId": contact_id, "promotionId": promotion_id}))

    def list_point_accounts(self, contact_id: EngageContactId) -> list[PointAccount]:
        """The point accounts of a contact [developer.voyado.com/docs/loyalty/points]."""
        body = self._ask_list(op.LIST_POINT_ACCOUNTS, query={"contactId": contact_id})
        return [PointAccount.read(each) for each in objects(listed(body))]

    def get_point_account(self, account_id: str) -> PointAccount:
        """One account by its id [developer.voyado.com/docs/loyalty/points]."""
        body = self._ask(op.GET_POINT_ACCOUNT, ids={"accountId": account_id})
        entries = objects([needed(op.GET_POINT_ACCOUNT, body)])
        account = PointAccount.read(entries[0]) if entries else None
        if account is None or not account.id:
            raise unusable(op.GET_POINT_ACCOUNT)
        return account

    def list_point_transactions(
        self,
        *,
        account_id: str | None = None,
        contact_id: EngageContactId | None = None,
        definition_id: str | None = None,
        filter: PointFilter = "All",  # noqa: A002 - Engage's own word
        offset: int = 0,
        count: int = 100,
    ) -> Page[PointTransaction]:
        """A page of point movements, of an account or of a contact and a definition.

        [developer.voyado.com/docs/loyalty/points]
        """
        if bool(account_id) == bool(contact_id and definition_id):
            raise ValueError("Point transactions need an account, or a contact and a definition")
        query: Query = {
            "accountId": account_id,
            "contactId": contact_id,
            "definitionId": definition_id,
            "filter": filter,
            "offset": offset,
            "count": count,
        }
        body = self._ask_list(op.LIST_POINT_TRANSACTIONS, query=query)
        return Page.read(body, PointTransaction.read, offset=offset, count=count)

    def list_vouchers(
        self, contact_id: EngageContactId, *, which: VoucherChoice = "all", offset: int = 0, count: int = 100
    ) -> Page[RewardVoucher]:
        """A page of vouchers: all, those usable now, or those used
        [developer.voyado.com/docs/loyalty/vouchers].
        """
        query: Query = {"contactId": contact_id, "offset": offset, "count": count}
        body = self._ask_list(_VOUCHER_LISTS[which], query=query)
        return Page.read(body, RewardVoucher.read, offset=offset, count=count)

    def redeem_voucher(self, voucher_id: str) -> None:
        """Mark a voucher as used. See `benign.is_already_done` for a second time.

        [developer.voyado.com/docs/loyalty/vouchers]
        """
        self._ask(op.REDEEM_VOUCHER, ids={"rewardVoucherId": voucher_id})

    def reactivate_voucher(self, voucher_id: str) -> None:
        """Make a used voucher usable again, by default at most three times: a cancelled order.

        [developer.voyado.com/docs/loyalty/vouchers]
        """
        self._ask(op.REACTIVATE_VOUCHER, ids={"rewardVoucherId": voucher_id})
