"""The forms of the staff screens: why something is given up or stopped, and what is stopped."""

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator

from engage_portal.outbox.registry import kinds

LONGEST_REASON = 300


class ReasonField(forms.CharField):
    """A sentence or two for the history, as one line.

    The browser does not cut it: what is too long stays in its field, so that the writer can shorten it.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(
            label="Why?",
            widget=forms.Textarea(attrs={"rows": 3}),
            validators=[
                MaxLengthValidator(
                    LONGEST_REASON, "Please use at most %(limit_value)d characters. Now it is %(show_value)d."
                )
            ],
            error_messages={"required": "Please say why."},
            **more,
        )

    def to_python(self, value: Any) -> str:
        """The text without line breaks and double spaces."""
        return " ".join((super().to_python(value) or "").split())


class CancelForm(forms.Form):
    """Why items are given up."""

    reason = ReasonField(
        help_text="It stays in the history, for everybody to read. Please name no customers."
    )


def _kind_choices() -> list[tuple[str, str]]:
    return [("", "Every kind"), *((handler.kind, handler.label) for handler in kinds())]


class PauseForm(forms.Form):
    """What is to wait, and why."""

    kind = forms.ChoiceField(
        choices=_kind_choices,
        required=False,
        error_messages={"invalid_choice": "Please choose one of the list."},
    )
    store = forms.CharField(
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Leave it empty for every store.",
    )
    reason = ReasonField(help_text="Others read it to know when it may go on. Please name no customers.")
