"""The indexes that the desk's lists and the figures beside them are read from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("madoguchi_cases", "0009_by_what_right_somebody_asks")]

    operations = [
        migrations.RemoveIndex(model_name="step", name="step_open_in_section"),
        migrations.AddIndex(
            model_name="step",
            index=models.Index(
                fields=["section"],
                include=["case", "taken_by"],
                name="step_open_of_section",
                condition=models.Q(done_at=None),
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["due_on", "id"],
                name="case_running_by_due",
                condition=models.Q(closed_at=None, received_at__isnull=False, withdrawn_at=None),
            ),
        ),
    ]
