"""An import remembers by which layout its file was read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("madoguchi_facts", "0005_what_was_linked_is_parted")]

    operations = [
        migrations.AddField(model_name="import", name="layout", field=models.TextField(blank=True, default="")),
    ]
