"""Whether a refused receipt looks like the sale that is kept: then nothing is missing in its store's day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("receipts", "0006_content_hash")]

    operations = [
        migrations.AddField(
            model_name="clash",
            name="is_one_sale",
            field=models.BooleanField(
                default=False, help_text="It looks like the kept sale, written differently: none is missing."
            ),
        ),
    ]
