"""Tiles find features by where they are in degrees: a box of one is a box of the other."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('madoguchi_places', '0007_states_of_a_feature'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='feature', name='feature_drawn'),
    ]
