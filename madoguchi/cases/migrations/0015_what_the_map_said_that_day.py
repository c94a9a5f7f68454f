"""What the map said about a place is kept with a case as it was that day."""

import django.contrib.gis.db.models.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import madoguchi.ground.clock
import madoguchi.ground.ids


class Migration(migrations.Migration):
    dependencies = [
        ("madoguchi_cases", "0014_when_a_sitting_was_used"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MapAnswer",
            fields=[
                (
                    "id",
                    models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False),
                ),
                ("name", models.TextField(blank=True)),
                ("spot", django.contrib.gis.db.models.fields.GeometryField(spatial_index=False, srid=6668)),
                ("error", models.FloatField(default=0.0)),
                ("day", models.DateField()),
                ("told", models.JSONField()),
                ("kept_at", models.DateTimeField(default=madoguchi.ground.clock.now)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="map_answers",
                        to="madoguchi_cases.case",
                    ),
                ),
                (
                    "kept_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "case_map_answer",
                "indexes": [models.Index(fields=["case", "kept_at"], name="map_answer_of_case")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("told", []), _negated=True), name="a_map_answer_says_something"
                    )
                ],
            },
        ),
    ]
