"""Spool files: what goes to Engage as a file, instead of by calls."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from engage_portal.core import clock
from engage_portal.engage.xml import FileType
from engage_portal.fallback import groups
from engage_portal.fallback.dropbox import Step

TYPE_LABELS: dict[str, str] = {
    FileType.CONTACTS.value: "Contacts",
    FileType.TRANSACTIONS.value: "Transactions",
    FileType.REDEEMED_PROMOTIONS.value: "Redeemed promotions",
}
"""Types of files → for people."""


class SpoolFile(models.Model):
    """One file for Engage, and the owner of the items in it until it was picked up or withdrawn.

    The row and its items are the truth: the file itself can be written anew from them until it was uploaded.
    The primary key is the counter in file names. Both databases give it out once and never again.
    """

    class State(models.TextChoices):
        """Where it stands.

        writing → ready → uploaded → picked up; stuck while Engage leaves it lying, or nobody can tell whether it has
        it; withdrawn with no upload under way. Where an earlier one may have reached Engage, the items in it are in
        doubt.
        """

        WRITING = "writing", "Being written"
        READY = "ready", "Ready to upload"
        UPLOADED = "uploaded", "Uploaded"
        STUCK = "stuck", "Not picked up"
        PICKED_UP = "picked_up", "Picked up"
        WITHDRAWN = "withdrawn", "Withdrawn"

    number = models.BigAutoField(primary_key=True)
    key = models.UUIDField(default=uuid4, unique=True, help_text="By which its items name it.")
    file_type = models.CharField(max_length=20, choices=list(TYPE_LABELS.items()))
    group = models.CharField(
        max_length=120, help_text="What all its records have in common. Nothing personal."
    )
    source = models.CharField(max_length=60, blank=True, help_text="Engage's `source` of contacts.")
    name = models.CharField(max_length=80, blank=True)
    folder = models.CharField(
        max_length=300,
        blank=True,
        help_text="Engage's folder, kept: a try that broke off left its traces there.",
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WRITING)
    step = models.CharField(
        max_length=10,
        choices=[(step.value, step.value) for step in Step],
        default=Step.NOT_BEGUN.value,
        help_text="How far its upload came: what a crash must not make us forget.",
    )
    has_part = models.BooleanField(
        default=False,
        help_text="An upload has begun: something of it may lie in Engage's folder, not as a file.",
    )
    records = models.PositiveIntegerField(default=0)
    lines = models.PositiveIntegerField(default=0)
    size = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file.")
    is_for_outage = models.BooleanField(
        default=False, help_text="Written because Engage's API was away: withdrawn when it is back in time."
    )
    made_by = models.CharField(max_length=150, default="portal")
    made_at = models.DateTimeField(default=clock.now)
    uploaded_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Picked up or withdrawn.")
    followed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When sales of the people in it were put into files: once, by themselves.",
    )
    tries = models.PositiveIntegerField(
        default=0,
        help_text="Tries to write or upload it since the last one that succeeded; one that is under way counts.",
    )
    not_before = models.DateTimeField(default=clock.now)
    problem = models.CharField(
        max_length=300, blank=True, help_text="A sentence for staff. Nothing personal."
    )
    is_kept = models.BooleanField(default=False, help_text="Whether the file lies in the spool folder.")
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Who works on it holds it till then.")

    class Meta:
        permissions = [
            ("spool", "Can write, upload and withdraw files"),
            ("download_spoolfile", "Can download files, with what is personal in them"),
        ]
        constraints = [
            models.CheckConstraint(
                name="fallback_file_stuck_says_why", condition=~Q(state="stuck") | ~Q(problem="")
            ),
            models.CheckConstraint(
                name="fallback_file_ended_once",
                condition=Q(state__in=["picked_up", "withdrawn"], ended_at__isnull=False)
                | (~Q(state__in=["picked_up", "withdrawn"]) & Q(ended_at__isnull=True)),
            ),
            models.CheckConstraint(  # never left, or went again from the start: `BEGUN_AGAIN`
                name="fallback_file_withdrawn_never_left",
                condition=~Q(state="withdrawn") | Q(step="not_begun"),
            ),
        ]
        indexes = [
            models.Index(fields=["state", "number"], name="fallback_file_state"),
            models.Index(fields=["made_at"], name="fallback_file_kept", condition=Q(is_kept=True)),
            models.Index(fields=["number"], name="fallback_file_part", condition=Q(has_part=True)),
        ]

    def __str__(self) -> str:
        return self.name or f"file {self.number}"

    @property
    def shared(self) -> str:
        """What all its records have in common, for people."""
        return groups.in_words(self.group)

    @property
    def is_undecided(self) -> bool:
        """Whether a person has to find out if Engage has it: its upload broke off, and it does not lie there."""
        return self.state == self.State.STUCK and self.step != Step.DONE

    @property
    def state_label(self) -> str:
        """Where it stands, for people."""
        return "Needs a decision" if self.is_undecided else self.State(self.state).label

    @property
    def is_open(self) -> bool:
        """Whether it owns items still."""
        return self.state not in ENDED

    @property
    def may_be_withdrawn(self) -> bool:
        """Whether nothing of it can come to Engage any more without us; of what may be there, its items know."""
        return self.state in {self.State.WRITING, self.State.READY} and self.step == Step.NOT_BEGUN


ENDED = (SpoolFile.State.PICKED_UP, SpoolFile.State.WITHDRAWN)
BEGUN_AGAIN = "begun again"
"""The event of a file whose upload broke off and that is gone: Engage may have it, and it goes once more."""
GOES_AGAIN = "goes again"
"""The event of a file of which a person found out that Engage does not have it."""
FOLLOWED = "sales followed"
"""The event of a contacts file, when sales of the people in it went into files by themselves."""


class SpoolEvent(models.Model):
    """What happened to a file and who did it. Append-only."""

    file = models.ForeignKey(SpoolFile, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=clock.now)
    what = models.CharField(max_length=40)
    actor = models.CharField(max_length=150, default="portal")
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["at"], name="fallback_event_at")]

    def __str__(self) -> str:
        return self.what
