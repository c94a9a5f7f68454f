"""The index of running cases has all that the figures beside the lists are counted of."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):

    dependencies = [
        ('madoguchi_cases', '0016_names_stand_before_places'),
    ]

    operations = [
        migrations.RemoveIndex(model_name='case', name='case_running_by_due'),
        migrations.AddIndex(
            model_name='case',
            index=models.Index(
                condition=Q(closed_at=None, withdrawn_at=None, received_at__isnull=False),
                fields=['due_on', 'id'],
                include=('seen_by', 'section', 'procedure_id', 'decided_at', 'returned_at', 'payable_at', 'cosigning_at'),
                name='case_running_by_due',
            ),
        ),
    ]
