"""What an offer gives and how it is used, in words: for members on My Pages and for cashiers."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from engage_portal.core.till_time import till_time
from engage_portal.engage import Money, RedemptionChannel

_KRONOR = ("SEK", "NOK", "DKK", "ISK")
_SYMBOLS = {**dict.fromkeys(_KRONOR, "kr"), "EUR": "€"}
_OFF = {"en": "{} off", "sv": "{} rabatt"}
_PERCENT = {"en": "{}%", "sv": "{} %"}
_CODE = {"en": "Code {}", "sv": "Kod {}"}
_BY_HAND = {"en": "Ask the cashier", "sv": "Fråga i kassan"}
_BY_SWIPE = {"en": "Show it at the till and swipe", "sv": "Visa den i kassan och svep"}
_PLACES = {"POS": "in our stores", "ECOM": "online", "OTHER": "elsewhere"}


def discount_words(way: RedemptionChannel, language: str = "") -> str:
    """How much it takes off, as a person says it: 15% off, 20 kr off; empty where it is no such number."""
    lang = spoken(language)
    if isinstance(way.value, Money):
        return _OFF[lang].format(money_words(way.value, language))
    if isinstance(way.value, Decimal):
        return _OFF[lang].format(_PERCENT[lang].format(_digits(way.value, language)))
    return ""


def value_words(way: RedemptionChannel, language: str = "") -> str:
    """What it gives, whatever its kind: 20 kr off, Code SPRING, the words of a manual one, how to swipe."""
    lang = spoken(language)
    if way.value_type == "EXTERNALOFFER" and way.value:
        return _CODE[lang].format(way.value)
    if way.value_type == "MANUAL":
        return str(way.value or _BY_HAND[lang])
    if way.value_type == "SWIPE":
        return _BY_SWIPE[lang]
    return discount_words(way, language) or str(way.value or "")


def hint_words(way: RedemptionChannel, language: str = "") -> str:
    """What a member does to get it: Engage's instruction, or what its kind asks for; empty where that is plain.

    In a store the instruction is for whoever stands at the till, who hears it in their own answer.
    """
    lang = spoken(language)
    by_kind = {"MANUAL": _BY_HAND[lang], "SWIPE": _BY_SWIPE[lang]}
    instruction = way.instruction if way.type == "ECOM" else None
    return instruction or by_kind.get(way.value_type, "")


def money_words(money: Money, language: str = "") -> str:
    """An amount as it stands on a price tag: 20 kr, 19.50 €, 5 PLN."""
    return f"{_digits(money.amount, language)} {_SYMBOLS.get(money.currency, money.currency)}".rstrip()


def place_words(ways: Iterable[RedemptionChannel]) -> str:
    """Where it can be used: In our stores and online."""
    known = {way.type for way in ways}
    places = [words for channel, words in _PLACES.items() if channel in known]
    found = " and ".join([", ".join(places[:-1]), places[-1]] if len(places) > 1 else places)
    return found[:1].upper() + found[1:]


def already_redeemed_words(what: str, when: datetime | None, store: str = "") -> str:
    """A second use is refused with when and where the first one was, as far as that is known."""
    if when is None:
        return f"The {what} is already redeemed."
    return f"The {what} is already redeemed, {till_time(when)}{f' in store {store}' if store else ''}."


def _digits(number: Decimal, language: str) -> str:
    """Two decimals where there are any, thousands apart, as the language writes it."""
    text = f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,.2f}"
    return text.translate(str.maketrans(",.", "\N{NO-BREAK SPACE},")) if spoken(language) == "sv" else text


def spoken(language: str) -> str:
    """The language that we speak for the one that was asked for: English where it is not known."""
    return "sv" if language.partition("-")[0].casefold() == "sv" else "en"
