"""Which cases were in a list that was taken out, so that their persons see it."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models

import madoguchi.ground.clock
import madoguchi.ground.ids


class Migration(migrations.Migration):
    dependencies = [("madoguchi_cases", "0012_a_batch_may_name_a_day")]

    operations = [
        migrations.CreateModel(
            name="Export",
            fields=[
                ("id", models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ("cases", django.contrib.postgres.fields.ArrayField(models.UUIDField())),
                ("at", models.DateTimeField(default=madoguchi.ground.clock.now)),
            ],
            options={
                "db_table": "case_export",
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["cases"], name="export_with_case")],
            },
        ),
    ]
