"""The form with which staff correct what waits or was refused."""

from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from engage_portal.engage import FieldError
from engage_portal.staff.contact_page import ContactPage, Fact


class CorrectForm(forms.Form):
    """One text field for each attribute that waits or was refused.

    A field counts only where it differs from what it held when the page was made, which travels along. Masked, that is
    nothing: what stays empty stays as it is. Revealed, it is the value: what is emptied is removed.
    """

    def __init__(self, data: Any = None, *, page: ContactPage) -> None:
        super().__init__(data)
        names = [fact.name for fact in page.facts]
        self.is_revealed = page.revealed or any(self.data.get(f"initial-{name}") for name in names)
        for fact in page.facts:
            if fact.waits or fact.refusals:
                self.fields[fact.name] = forms.CharField(
                    label=fact.label,
                    required=False,
                    strip=True,
                    initial=fact.value if page.revealed else "",
                    show_hidden_initial=True,
                    help_text=_help(fact, revealed=self.is_revealed),
                    widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
                )

    @property
    def changes(self) -> dict[str, str]:
        """Engage's name → new value, of the fields that were touched."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def complain(self, problems: tuple[FieldError, ...], otherwise: str) -> None:
        """Show each problem at its field; what belongs to no field, or to none of these, above the form."""
        for problem in problems:
            if problem.field in self.fields:
                self.add_error(problem.field, f"This {problem.description}.")
            else:
                self.add_error(None, f"{problem.field} {problem.description}".strip())
        if not problems:
            self.add_error(None, otherwise)


def _help(fact: Fact, *, revealed: bool) -> SafeString:
    said = format_html_join(
        "", '<span class="refusal">Engage: {}</span>', ((each,) for each in fact.refusals)
    )
    if revealed:
        return said
    return format_html("{}Now: {}", said, fact.value or "empty")
