"""A sign-in remembers by which session of the provider it came."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("madoguchi_people", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="signin", name="provider_session", field=models.TextField(blank=True, default="")
        ),
    ]
