"""How the copy follows Engage: files read, feeds followed, contacts to fetch anew."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from engage_portal.core import clock


class ExportFile(models.Model):
    """An export that came in. Each content is read once; a run that was cut off goes on at `position`.

    A rejected file holds up those of its kind after it, until it is tried again, replaced or passed over.
    """

    class Kind(models.TextChoices):
        """What it tells about."""

        CONTACTS = "contacts", "Contacts"
        PROMOTIONS = "promotions", "Promotions"

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being read"
        DONE = "done", "Read"
        REJECTED = "rejected", "Rejected"
        PASSED = "passed", "Passed over"

    class Origin(models.TextChoices):
        """How it came."""

        FOLDER = "folder", "Folder"
        UPLOAD = "upload", "Upload"
        SFTP = "sftp", "SFTP"
        DROPBOX = "dropbox", "Dropbox folder"
        COMMAND = "command", "Command line"

    id = models.UUIDField(primary_key=True, default=uuid4)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.CONTACTS)
    name = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the bytes.")
    size = models.PositiveBigIntegerField()
    origin = models.CharField(max_length=8, choices=Origin.choices)
    path = models.CharField(max_length=1000, blank=True, help_text="Where it lies until it is read.")
    is_complete = models.BooleanField(
        default=False, help_text="It lists everybody: who is missing from it is reported, never deleted."
    )
    made_at = models.DateTimeField(
        help_text="When Engage made it: by its name, else when it was written or came."
    )
    written_at = models.DateTimeField(
        null=True, blank=True, help_text="When it was last written, by the clock of where it lay."
    )
    number = models.PositiveIntegerField(
        null=True, blank=True, help_text="The file number in its name; null where the name is not Engage's."
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    total = models.PositiveBigIntegerField(default=0, help_text="Records in it, known after the first pass.")
    position = models.PositiveBigIntegerField(default=0, help_text="Records that are dealt with.")
    report = models.JSONField(
        default=dict, help_text="new, changed, unchanged, deleted, skipped → how many; reasons; alarms."
    )
    problem = models.CharField(max_length=300, blank=True, help_text="Why it was rejected. Nothing personal.")
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Who reads it holds it till then.")
    added_by = models.CharField(max_length=150, default="portal")
    added_at = models.DateTimeField(default=clock.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        permissions = [("import_contacts", "Can import exports")]
        constraints = [
            models.UniqueConstraint(
                fields=["digest"],
                name="contacts_export_file_once",
                condition=Q(state__in=["waiting", "running", "done"]),
            ),
            models.CheckConstraint(
                name="contacts_export_rejected_with_problem", condition=~Q(state="rejected") | ~Q(problem="")
            ),
        ]
        indexes = [models.Index(fields=["kind", "state", "made_at"], name="contacts_export_turn")]

    def __str__(self) -> str:
        return self.name


class Feed(models.Model):
    """How far a list of changes was followed. One row per list: Created, Updated, Deleted."""

    name = models.CharField(primary_key=True, max_length=40)
    read_until = models.DateTimeField(null=True, blank=True, help_text="Everything before was taken.")
    problem = models.CharField(max_length=300, blank=True, help_text="Why it cannot be followed.")
    problem_since = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class ToRefresh(models.Model):
    """A contact that changed in Engage: its data is fetched with calls that nobody else wants. One row per contact."""

    engage_contact_id = models.UUIDField(primary_key=True)
    reason = models.CharField(max_length=40, help_text="changes, webhook, import, staff.")
    noted_at = models.DateTimeField(default=clock.now)
    not_before = models.DateTimeField(default=clock.now)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["not_before"], name="contacts_refresh_due")]

    def __str__(self) -> str:
        return str(self.engage_contact_id)
