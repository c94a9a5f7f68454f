from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("madoguchi_cases", "0009_by_what_right_somebody_asks"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="day",
            field=models.DateField(null=True),
        ),
    ]
