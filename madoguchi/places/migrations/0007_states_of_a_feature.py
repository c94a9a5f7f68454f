"""How a layer was on a day is read page by page, and a feature's states in their order."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('madoguchi_places', '0006_lots_by_town'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='feature',
            index=models.Index(fields=['layer', 'key', '-valid_from', 'id'], name='feature_states'),
        ),
    ]
