"""What an offer gives, in words: as people and cashiers read it."""

import pytest

from engage_portal.engage import PromotionAssignment, RedemptionChannel
from promotions.words import hint_words, place_words, value_words


def way(value_type: str, value=None, **members) -> RedemptionChannel:
    return RedemptionChannel.read({"type": "POS", "valueType": value_type, "value": value, **members})


@pytest.mark.parametrize(
    ("given", "english", "swedish"),
    [
        (way("PERCENT", 15), "15% off", "15 % rabatt"),
        (way("PERCENT", "12.50"), "12.50% off", "12,50 % rabatt"),
        (way("MONEY", {"amount": 20, "currency": "SEK"}), "20 kr off", "20 kr rabatt"),
        (
            way("MONEY", {"amount": "1250.50", "currency": "eur"}),
            "1,250.50 € off",
            "1\N{NO-BREAK SPACE}250,50 € rabatt",
        ),
        (way("MONEY", {"amount": 5, "currency": "PLN"}), "5 PLN off", "5 PLN rabatt"),
        (way("MONEY", 5), "5 off", "5 rabatt"),
        (way("EXTERNALOFFER", "SPRING"), "Code SPRING", "Kod SPRING"),
        (way("MANUAL", "A mug as a gift"), "A mug as a gift", "A mug as a gift"),
        (way("MANUAL"), "Ask the cashier", "Fråga i kassan"),
        (way("SWIPE"), "Show it at the till and swipe", "Visa den i kassan och svep"),
        (way("NEWER", "Something"), "Something", "Something"),
        (way("MONEY", "much"), "", ""),
    ],
)
def test_a_value_reads_as_people_say_it(given, english, swedish):
    assert value_words(given) == english
    assert value_words(given, "sv-SE") == swedish


def test_a_hint_is_engages_instruction_or_what_the_kind_asks_for():
    assert hint_words(way("PERCENT", 15)) == ""
    assert hint_words(way("PERCENT", 15, type="ECOM", instruction="Enter it")) == "Enter it"
    assert hint_words(way("MANUAL", "A mug")) == "Ask the cashier"
    assert hint_words(way("SWIPE"), "sv") == "Visa den i kassan och svep"


def test_what_the_cashier_has_to_do_is_not_told_to_the_member():
    assert hint_words(way("PERCENT", 15, instruction="Scan it")) == ""
    assert hint_words(way("MANUAL", "A mug", instruction="Give article 9905510")) == "Ask the cashier"


@pytest.mark.parametrize(
    ("types", "words"),
    [
        ([], ""),
        (["NEWER"], ""),
        (["ECOM"], "Online"),
        (["ECOM", "POS"], "In our stores and online"),
        (["POS", "OTHER", "ECOM"], "In our stores, online and elsewhere"),
    ],
)
def test_where_it_can_be_used_is_said(types, words):
    read = [RedemptionChannel.read({"type": each, "valueType": "PERCENT", "value": 5}) for each in types]
    assert place_words(read) == words


def test_the_answer_of_an_older_engage_is_read_too():
    """[github.com/centrahq/api-documentation, voyado-promotions]: v2, without `promotionId`."""
    read = PromotionAssignment.read(
        {
            "id": "12704681-E1D9-4861-9E75-ABAD00DE9A6A",
            "externalId": None,
            "type": "Multichannel",
            "name": "Demo promotion",
            "expiresOn": None,
            "redeemed": True,
            "redeemedOn": "2020-05-07T13:14:48+02:00",
            "redemptionChannels": [{"type": "ECOM", "valueType": "EXTERNALOFFER", "value": "code"}],
        }
    )
    assert (read.id, read.promotion_id) == ("12704681-e1d9-4861-9e75-abad00de9a6a", None)
    assert read.redeemed
    assert value_words(read.redemption_channels[0]) == "Code code"


def test_the_names_of_exports_are_understood():
    """[developer.voyado.com/docs/file-based-transfer/promotions-xml-export]"""
    read = PromotionAssignment.read(
        {
            "couponId": "32e0f814-0000-4000-8000-000000000001",
            "externalPromotionId": "SPRING-26",
            "validFromDate": "2026-04-01T00:00:00+02:00",
            "expireDateTime": "2026-05-01T00:00:00+02:00",
            "redemptionChannels": [
                {"type": "e-com", "valuetype": "MONEY", "value": "20.00", "currency": "SEK"}
            ],
        }
    )
    assert (read.id, read.external_id) == ("32e0f814-0000-4000-8000-000000000001", "SPRING-26")
    assert (read.valid_from.month, read.expires_on.month) == (4, 5)
    (only,) = read.redemption_channels
    assert (only.type, value_words(only)) == ("ECOM", "20 kr off")
