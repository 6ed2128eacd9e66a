"""The words of the seeds: stores, consents and offers of an invented fashion and home retailer."""

from typing import Any, NamedTuple

STORES: tuple[dict[str, Any], ...] = (
    {
        "name": "Stockholm Drottninggatan",
        "externalId": "101",
        "type": "RETAIL",
        "street": "Drottninggatan 50",
        "zipCode": "111 21",
        "city": "Stockholm",
        "countryCode": "SE",
        "timeZone": "Europe/Stockholm",
        "email": "stockholm@example.com",
    },
    {
        "name": "Göteborg Nordstan",
        "externalId": "102",
        "type": "RETAIL",
        "street": "Nordstadstorget 6",
        "zipCode": "411 05",
        "city": "Göteborg",
        "countryCode": "SE",
        "timeZone": "Europe/Stockholm",
        "email": "goteborg@example.com",
    },
    {
        "name": "Web shop",
        "externalId": "900",
        "type": "ECOMM",
        "countryCode": "SE",
        "timeZone": "Europe/Stockholm",
        "homepage": "https://shop.example.com",
    },
)

CONSENTS: tuple[dict[str, Any], ...] = (
    {
        "id": "memberConsent",
        "name": "Membership terms",
        "metaData": {
            "conditionText": {
                "sv-SE": "Som medlem samlar du poäng på dina köp. Du kan avsluta medlemskapet när du vill.",
                "en-GB": "As a member you collect points on your purchases. You can leave at any time.",
            },
            "displayText": {
                "sv-SE": "Jag godkänner medlemsvillkoren",
                "en-GB": "I accept the membership terms",
            },
            "linkText": {"sv-SE": "Läs medlemsvillkoren", "en-GB": "Read the membership terms"},
        },
    },
    {
        "id": "profilingConsent",
        "name": "Personal offers",
        "metaData": {
            "conditionText": {
                "sv-SE": "Vi använder din köphistorik för att välja erbjudanden som passar dig.",
                "en-GB": "We use your purchase history to choose offers that suit you.",
            },
            "displayText": {
                "sv-SE": "Jag vill ha erbjudanden som bygger på mina köp",
                "en-GB": "I would like offers based on my purchases",
            },
            "linkText": {"sv-SE": "Så väljer vi erbjudanden", "en-GB": "How we choose offers"},
        },
    },
)


class Offer(NamedTuple):
    """One promotion and Anna's right to it."""

    assignment_id: str
    promotion_id: str
    name: str
    heading: str
    description: str
    channels: tuple[dict[str, Any], ...]
    days_left: int = 0
    redeemed_days_ago: int = 0
    link: str | None = None


def _channel(kind: str, value_type: str, value: Any, **more: Any) -> dict[str, Any]:
    plain = {"type": kind, "valueType": value_type, "value": value, "localValues": [], "instruction": None}
    return {**plain, **more}


def _both(value_type: str, value: Any, **more: Any) -> tuple[dict[str, Any], ...]:
    return tuple(_channel(kind, value_type, value, **more) for kind in ("POS", "ECOM"))


OFFERS = (
    Offer(
        "bb247ef7-80bb-440c-beb7-ab4172e50001",
        "1a50b7aa-d697-4dc6-8ce7-ab2c00b30001",
        "Knitwear weeks 2026",
        "20% off all knitwear",
        "Merino, lambswool and cashmere: 20% off every jumper and cardigan, in our stores and online.",
        _both("PERCENT", 20),
        days_left=45,
        link="https://shop.example.com/knitwear",
    ),
    Offer(
        "bb247ef7-80bb-440c-beb7-ab4172e50002",
        "1a50b7aa-d697-4dc6-8ce7-ab2c00b30002",
        "Member thank-you 100",
        "100 kr off your next purchase",
        "Thank you for shopping with us. 100 kr off when you spend at least 500 kr.",
        _both(
            "MONEY",
            {"amount": 100, "currency": "SEK"},
            localValues=[{"amount": 100, "currency": "NOK"}, {"amount": 10, "currency": "EUR"}],
        ),
        days_left=90,
    ),
    Offer(
        "bb247ef7-80bb-440c-beb7-ab4172e50003",
        "1a50b7aa-d697-4dc6-8ce7-ab2c00b30003",
        "Web shop free delivery",
        "Free delivery to your door",
        "Order anything in the web shop and we pay the delivery. Use the code at checkout.",
        (_channel("ECOM", "EXTERNALOFFER", "FREEHOME", instruction="Enter the code at checkout"),),
        link="https://shop.example.com",
    ),
    Offer(
        "bb247ef7-80bb-440c-beb7-ab4172e50004",
        "1a50b7aa-d697-4dc6-8ce7-ab2c00b30004",
        "Bathroom week",
        "3 for 2 on towels",
        "Buy three towels and pay for two. The cheapest one is on us.",
        _both("EXTERNALOFFER", "TOWEL32"),
        days_left=30,
        redeemed_days_ago=6,
    ),
    Offer(
        "bb247ef7-80bb-440c-beb7-ab4172e50005",
        "1a50b7aa-d697-4dc6-8ce7-ab2c00b30005",
        "Candle evening",
        "A candle for you, this week only",
        "Show your card in the store and choose a scented candle as a gift. As long as stocks last.",
        (
            _channel(
                "POS", "MANUAL", "Gift: one scented candle", instruction="Give one candle, article 9905510"
            ),
        ),
        days_left=2,
    ),
)
