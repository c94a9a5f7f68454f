"""A sitting at the counter is over soon after the last thing that was done there; an office may be the agent."""

from django.db import migrations, models

import madoguchi.ground.clock


class Migration(migrations.Migration):
    dependencies = [("madoguchi_cases", "0013_who_stands_in_an_export")]

    operations = [
        migrations.AddField(
            model_name="sitting",
            name="used_at",
            field=models.DateTimeField(default=madoguchi.ground.clock.now),
        ),
        migrations.AddField(
            model_name="mandate", name="number", field=models.TextField(blank=True, default=""), preserve_default=False
        ),
    ]
