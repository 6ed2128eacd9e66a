"""What the hash of a receipt is of: only words."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("receipts", "0005_numbered_history")]

    operations = [
        migrations.AlterField(
            model_name="receipt",
            name="content_hash",
            field=models.CharField(max_length=64, help_text="Of the content; see `sameness`."),
        ),
    ]
