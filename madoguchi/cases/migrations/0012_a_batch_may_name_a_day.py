from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("madoguchi_cases", "0011_what_a_company_was_told_is_called_off"),
    ]

    operations = [
        migrations.AddField(
            model_name="batch",
            name="day",
            field=models.DateField(null=True),
        ),
    ]
