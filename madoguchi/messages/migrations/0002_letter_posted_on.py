from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("madoguchi_messages", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="letter",
            name="posted_on",
            field=models.DateField(null=True),
        ),
    ]
