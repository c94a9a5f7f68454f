"""訂正の申出: a case may say which fact is to be corrected, and only one for each fact is open."""

import django.db.models.fields.json
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("madoguchi_cases", "0005_signatures")]

    operations = [
        migrations.AddField(model_name="case", name="corrects", field=models.JSONField(null=True)),
        migrations.RemoveConstraint(model_name="case", name="one_draft_per_person_and_procedure"),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                fields=["person", "procedure"],
                condition=models.Q(
                    received_at__isnull=True, withdrawn_at__isnull=True, subject__isnull=True, corrects__isnull=True
                ),
                name="one_draft_per_person_and_procedure",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                models.F("person"),
                django.db.models.fields.json.KT("corrects__key"),
                django.db.models.fields.json.KT("corrects__row"),
                condition=models.Q(corrects__isnull=False, withdrawn_at__isnull=True, closed_at__isnull=True),
                name="a_fact_is_being_corrected_once",
            ),
        ),
        migrations.RemoveConstraint(model_name="case", name="an_erased_case_is_empty"),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                name="an_erased_case_is_empty",
                condition=models.Q(erased_at__isnull=True)
                | models.Q(
                    answers={},
                    typed={},
                    email="",
                    corrects__isnull=True,
                    place__isnull=True,
                    applicant="",
                    kana="",
                    town="",
                    search_key="",
                ),
            ),
        ),
    ]
