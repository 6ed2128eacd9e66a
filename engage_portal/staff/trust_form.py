"""The form for a store's rule, and the rule in words."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django import forms

from engage_portal.engage import Money
from promotions.models import OfferKind, TrustRule
from promotions.words import money_words

_AMOUNTS = ("most_money", "money_a_day")


class TrustRuleForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a store may give while Engage is away. An empty limit is none."""

    kinds = forms.MultipleChoiceField(
        label="Kinds of offers",
        choices=OfferKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Untick all of them, and every offer waits until Engage answers.",
    )

    class Meta:
        model = TrustRule
        fields = (
            "store", "kinds", "allows_unknown", "most_percent", "most_money", "oldest_hours", "uses_a_day",
            "money_a_day", "currency",
        )  # fmt: skip
        labels = {
            "allows_unknown": "Offers that our copy has never seen, too",
            "most_percent": "At most, per cent",
            "most_money": "At most, money",
            "oldest_hours": "Age of our copy, hours",
            "uses_a_day": "Offers a day",
            "money_a_day": "Money a day",
        }
        help_texts = {
            "store": "Leave it empty for every store without a rule of its own.",
            "allows_unknown": "They have no known kind or value, so that the limits below say nothing about them.",
            "most_percent": "", "most_money": "", "uses_a_day": "", "money_a_day": "",
            "oldest_hours": "An older copy is not trusted.",
            "currency": "Of both amounts, such as SEK.",
        }  # fmt: skip
        error_messages = {"store": {"unique": "This store has a rule already. Please change that one."}}

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name in ("most_percent", *_AMOUNTS):
            self.fields[name].min_value = 0  # type: ignore[attr-defined]
            self.fields[name].validators.append(_not_negative)
            self.fields[name].widget.attrs["min"] = 0
        for name in ("store", "currency"):
            self.fields[name].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}

    def clean_store(self) -> str:
        """Without spaces around it."""
        return str(self.cleaned_data["store"]).strip()

    def clean_currency(self) -> str:
        """In capitals, as Engage has it."""
        found = str(self.cleaned_data["currency"]).strip().upper()
        if found and not (found.isascii() and found.isalpha() and len(found) == 3):  # noqa: PLR2004 - ISO 4217
            raise forms.ValidationError("Please write three letters, such as SEK.")
        return found

    def clean(self) -> dict[str, Any]:
        """An amount needs a currency, and says so at the currency."""
        data = super().clean() or {}
        needs_one = any(data.get(name) is not None for name in _AMOUNTS)
        if needs_one and not data.get("currency") and "currency" not in self.errors:
            self.add_error("currency", "An amount of money needs a currency, such as SEK.")
        return data


def rule_words(rule: TrustRule) -> list[str]:
    """What a rule allows, line by line."""
    return [*_kinds(rule), *_limits(rule)]


def _kinds(rule: TrustRule) -> Iterator[str]:
    chosen = [label for value, label in OfferKind.choices if value in rule.kinds]
    if len(chosen) == len(OfferKind.choices):
        yield "Every kind of offer"
    else:
        yield ", ".join(chosen) if chosen else "No offer at all: everything waits until Engage answers"
    if rule.allows_unknown:
        yield "Also offers that our copy has never seen"


def _limits(rule: TrustRule) -> Iterator[str]:
    if rule.most_percent is not None:
        yield f"At most {rule.most_percent.normalize():f}% each"
    if rule.most_money is not None:
        yield f"At most {_money(rule.most_money, rule.currency)} each"
    if rule.oldest_hours is not None:
        yield f"From a copy of at most {rule.oldest_hours} hour{'' if rule.oldest_hours == 1 else 's'}"
    if rule.uses_a_day is not None:
        yield f"At most {rule.uses_a_day} offer{'' if rule.uses_a_day == 1 else 's'} a day in a store"
    if rule.money_a_day is not None:
        yield f"At most {_money(rule.money_a_day, rule.currency)} a day in a store"


def _money(amount: Decimal, currency: str) -> str:
    return money_words(Money(amount, currency))


def _not_negative(value: Decimal) -> None:
    if value < 0:
        raise forms.ValidationError("Please write 0 or more.")
