"""The forms of the staff screens: why something is given up or stopped, what is stopped, which files are sent."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
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


class _SeveralFiles(forms.ClearableFileInput):
    """A file input that takes more than one."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """At least one file whose name ends with .xml."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            widget=_SeveralFiles(attrs={"accept": ".xml,text/xml,application/xml"}),
            error_messages={
                "required": "Please choose at least one file.",
                "empty": "A file is empty. Please choose another.",
            },
            **more,
        )

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[bytes]]":
        """Each file by itself; the first problem is told with the file's name."""
        files = [super(FilesField, self).clean(each, initial) for each in data or [None]]
        for file in files:
            if not str(file.name).lower().endswith(".xml"):
                raise forms.ValidationError(f"{file.name} is no XML file. Exports end with .xml.")
        return files


class UploadForm(forms.Form):
    """Exports of contacts or promotions, as Engage made them."""

    exports = FilesField(
        label="Export files",
        help_text="Contacts or promotions, as Engage named them: their names tell their order.",
    )
    is_complete = forms.BooleanField(
        label="Contacts: together they list everybody",
        required=False,
        help_text="Then those who are missing are reported. Nobody is deleted because of it.",
    )
