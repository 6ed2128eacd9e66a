"""What staff gave up is known by the receipt itself: the queue forgets its items."""

from django.db import migrations, models
from django.db.models import Exists, OuterRef, Subquery


def from_the_queue(apps, _schema_editor):
    """What stands in the queue as cancelled. May run twice."""
    item, receipt = apps.get_model("outbox", "Item"), apps.get_model("receipts", "Receipt")
    cancelled = item.objects.filter(kind="receipt.post", state="cancelled", subject_id=OuterRef("pk"))
    receipt.objects.filter(Exists(cancelled), given_up_at=None).update(
        given_up_at=Subquery(cancelled.values("finished_at")[:1])
    )


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0004_index_only_what_is_finished'),
        ('receipts', '0003_stores'),
    ]

    operations = [
        migrations.AddField(
            model_name='receipt',
            name='given_up_at',
            field=models.DateTimeField(blank=True, help_text='When staff decided that it is not sent; the queue forgets it.', null=True),
        ),
        migrations.RunPython(from_the_queue, migrations.RunPython.noop),
    ]
