from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("madoguchi_places", "0003_changes_by_hand"),
    ]

    operations = [
        migrations.AddField(model_name="place", name="error", field=models.FloatField(null=True)),
    ]
