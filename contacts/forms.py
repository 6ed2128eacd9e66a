"""What members change on My Pages. Only what they touched is ever sent.

Each field travels with what it held when the page was made (`show_hidden_initial`): a value that changed elsewhere in
the meantime is not changed back by somebody who never touched it, and what nobody answered stays unanswered.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django import forms

from contacts.labels import CHANNELS, label_of
from contacts.merging import said
from contacts.models import ConsentText, Contact
from contacts.selectors import fields_refused
from engage_portal.engage import FieldError

CHANNEL = "My Pages"
WAITS = "Saved. On its way to the programme."
_NOT_TAKEN = "The programme hasn’t taken this. Please check it, or ask in one of our stores."
_WAITING_EMAIL = f"{WAITS} Until it is there you sign in with the address that you had before."
_SIGN_IN = "You sign in with it, so it changes for that too."
_NOT_YET = "Your membership is on its way to the programme. You can change the address once it is there."

_AUTOCOMPLETE = {
    "firstName": "given-name",
    "lastName": "family-name",
    "email": "email",
    "mobilePhone": "tel",
    "careOf": "address-line2",
    "street": "address-line1",
    "zipCode": "postal-code",
    "city": "address-level2",
}
"""The attributes that members may change → what browsers fill in."""
NAMES, REACH, ADDRESS = (
    ("firstName", "lastName"),
    ("email", "mobilePhone"),
    ("street", "careOf", "zipCode", "city"),
)
_INPUTS = {"email": "email", "mobilePhone": "tel"}
_CHECK = {
    "email": "Please check the e-mail address.",
    "mobilePhone": "Please check the phone number. A foreign one begins with + and its country code.",
    "zipCode": "Please check the postcode.",
}
_TAKEN = {
    "email": "This e-mail address already belongs to a membership. If it is yours, please sign in with it.",
    "mobilePhone": "This phone number already belongs to a membership. Our stores are happy to help.",
}
_REFUSED = "The programme doesn’t take this. Our stores are happy to help."
_TOO_LONG = "Please make this shorter."


class ProfileForm(forms.Form):
    """Name, address and how to reach a member. The country code stays as it is."""

    def __init__(self, data: Any = None, *, contact: Contact) -> None:
        super().__init__(data)
        held, refused = contact.data, fields_refused(contact) if contact.changes else set()
        for name in (*NAMES, *REACH, *ADDRESS):
            self.fields[name] = forms.CharField(
                label=label_of(name),
                required=False,
                initial=str(held.get(name) or ""),
                show_hidden_initial=True,
                help_text=_NOT_TAKEN if name in refused else WAITS if name in contact.changes else "",
                widget=forms.TextInput(attrs={"autocomplete": _AUTOCOMPLETE[name]}),
            )
            self.fields[name].widget.input_type = _INPUTS.get(name, "text")
        self._limit_email(contact)

    def _limit_email(self, contact: Contact) -> None:
        email = self.fields["email"]
        email.widget.attrs["spellcheck"] = "false"
        email.required, email.error_messages["required"] = (
            True,
            "Please keep an e-mail address: you sign in with it.",
        )
        if contact.engage_id is None:
            email.disabled, email.help_text = True, _NOT_YET
        elif email.help_text != _NOT_TAKEN:
            email.help_text = _WAITING_EMAIL if "email" in contact.changes else _SIGN_IN

    @property
    def changes(self) -> dict[str, str]:
        """Engage's name → new value, of the fields that were touched."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def complain(self, problems: Iterable[FieldError]) -> None:
        """Show what is wrong at each field, in words for people; what belongs to no field above the form."""
        for problem in problems:
            name = next((each for each in self.fields if _is_about(problem, each)), None)
            is_long = problem.description.startswith("is longer")
            words = _TOO_LONG if is_long else _CHECK.get(name or "", "Please check this.")
            self.add_error(name, words if name else _REFUSED)
        if not self.errors:
            self.add_error(None, _REFUSED)

    def is_taken(self, names: Collection[str]) -> None:
        """Say that somebody else has one of these keys."""
        for name in names:
            self.add_error(name, _TAKEN[name])
        if not names:
            self.add_error(None, _REFUSED)


def _is_about(problem: FieldError, name: str) -> bool:
    """Engage names the field in one of two ways: by itself, or as the first word of its sentence (api.md §5)."""
    first = problem.field or problem.description.partition(":")[0].partition(" ")[0]
    return first.strip().lower() == name.lower()


class PreferencesForm(forms.Form):
    """A yes or no for each channel and each consent. One that was never answered has neither, until it is touched."""

    def __init__(self, data: Any = None, *, contact: Contact, texts: Mapping[str, ConsentText]) -> None:
        super().__init__(data)
        self.texts = texts
        held = {**contact.snapshot, **contact.changes}
        known = {name for name in held if name.startswith("consents.")}
        consents = sorted({*known, *(f"consents.{each}" for each in texts)})
        for name in (*CHANNELS, *consents):
            answer = said(held.get(name))
            text = texts.get(name.partition(".")[2]) if name in consents else None
            self.fields[name] = forms.ChoiceField(
                label=(text.display_text or text.name if text else "") or label_of(name),
                choices=_choices(answer, can_agree=name in CHANNELS or text is not None),
                required=False,
                initial={True: "yes", False: "no", None: ""}[answer],
                show_hidden_initial=True,
                help_text=WAITS
                if name in contact.changes
                else ""
                if answer is not None
                else "Not answered yet.",
                widget=forms.RadioSelect,
            )

    @property
    def channels(self) -> list[forms.BoundField]:
        """The questions about news."""
        return [self[name] for name in CHANNELS]

    @property
    def consents(self) -> list[tuple[forms.BoundField, ConsentText | None]]:
        """The questions of the programme, with its words."""
        names = [name for name in self.fields if name not in CHANNELS]
        return [(self[name], self.texts.get(name.partition(".")[2])) for name in names]

    @property
    def body(self) -> dict[str, Any]:
        """What was touched, as a contact's body. A consent says which words were shown."""
        given = {
            name: self.cleaned_data[name] == "yes" for name in self.changed_data if self.cleaned_data[name]
        }
        preferences = {name.partition(".")[2]: is_yes for name, is_yes in given.items() if name in CHANNELS}
        consents = [self._consent(name, is_yes) for name, is_yes in given.items() if name not in CHANNELS]
        return {
            **({"preferences": preferences} if preferences else {}),
            **({"consents": consents} if consents else {}),
        }

    def _consent(self, name: str, is_yes: bool) -> dict[str, Any]:  # noqa: FBT001 - it is the answer
        consent_id = name.partition(".")[2]
        text = self.texts.get(consent_id)
        shown = {"textVersion": f"{text.language}/{text.version}"} if text else {}
        return {"id": consent_id, "value": is_yes, "source": CHANNEL, **shown}


def _choices(answer: bool | None, *, can_agree: bool) -> list[tuple[str, str]]:  # noqa: FBT001 - it is the answer
    """Nobody agrees to words that cannot be shown; taking back is always possible."""
    yes = [("yes", "Yes")] if can_agree or answer else []
    return [*yes, ("no", "No")]
