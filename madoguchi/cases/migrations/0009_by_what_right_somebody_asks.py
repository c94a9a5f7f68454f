"""By what right somebody asked for another; and one draft for each principal."""

import django.db.models.deletion
from django.db import migrations, models

import madoguchi.ground.clock
import madoguchi.ground.ids


class Migration(migrations.Migration):
    dependencies = [
        ("madoguchi_cases", "0008_at_the_counter"),
        ("madoguchi_facts", "0007_who_speaks_for_whom"),
    ]

    operations = [
        migrations.CreateModel(
            name="Mandate",
            fields=[
                ("id", models.UUIDField(default=madoguchi.ground.ids.uuid7, primary_key=True, serialize=False)),
                ("delegation", models.UUIDField()),
                ("kind", models.TextField()),
                ("office", models.TextField(blank=True)),
                ("shows", models.BooleanField()),
                ("letters", models.BooleanField()),
                ("source", models.TextField()),
                ("proof", models.TextField(blank=True)),
                ("evidence", models.TextField(blank=True)),
                ("since", models.DateField()),
                ("until", models.DateField(null=True)),
                ("asked_at", models.DateTimeField(default=madoguchi.ground.clock.now)),
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mandate", to="madoguchi_cases.case"
                    ),
                ),
            ],
            options={
                "db_table": "case_mandate",
                "indexes": [models.Index(fields=["delegation"], name="mandate_of_delegation")],
            },
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("received_at__isnull", True), ("subject__isnull", False), ("withdrawn_at__isnull", True)
                ),
                fields=("person", "subject", "procedure"),
                name="one_draft_per_person_subject_and_procedure",
            ),
        ),
    ]
