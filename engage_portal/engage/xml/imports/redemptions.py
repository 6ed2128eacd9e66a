"""Redemptions as elements of the redeemed promotions import: our own proposal, since Engage publishes no format.

The fields are those of the promotions export, and the channel that the API asks for
[developer.voyado.com/v2/en/promotions/redeem-a-promotion.html].
"""

from engage_portal.engage.xml.content import RedemptionRecord
from engage_portal.engage.xml.errors import InvalidRecordError
from engage_portal.engage.xml.imports.texts import around, element
from engage_portal.engage.xml.profile import ImportProfile

_FIELDS = {
    "coupon_id": "couponId",
    "promotion_id": "promotionId",
    "external_promotion_id": "externalPromotionId",
    "contact_id": "contactId",
    "contact_key": "contactKey",
    "contact_type": "contactType",
    "redemption_channel": "redemptionChannel",
    "store_id": "storeId",
    "store_type": "storeType",
    "redeemed_at": "redeemedDateTime",
}
_GUIDS = {"coupon_id", "promotion_id", "contact_id"}


class RedemptionElements:
    """One file's redemptions; each coupon once."""

    def __init__(self, profile: ImportProfile) -> None:
        self._tag = profile.record
        self._fields = [(ours, profile.name(theirs, "redeemedPromotion")) for ours, theirs in _FIELDS.items()]
        self._seen: set[str] = set()

    def element(self, position: int, record: RedemptionRecord) -> str:
        """The record. Raises InvalidRecordError for a coupon that the file has already."""
        coupon = record.coupon_id.lower()
        if coupon in self._seen:
            raise InvalidRecordError(position, "Another record of this file has its couponId.")
        self._seen.add(coupon)
        values = ((ours, tag, getattr(record, ours)) for ours, tag in self._fields)
        said = [
            element(tag, value.lower() if ours in _GUIDS else value)
            for ours, tag, value in values
            if value is not None
        ]
        return around(self._tag, "".join(said))
