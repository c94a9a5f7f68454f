import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("madoguchi_people", "0003_businesses"),
    ]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="companies",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), default=list, size=None),
        ),
    ]
