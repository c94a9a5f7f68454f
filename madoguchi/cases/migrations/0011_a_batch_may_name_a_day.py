from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("madoguchi_cases", "0010_what_the_lists_ask"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="day",
            field=models.DateField(null=True),
        ),
    ]
