"""Businesses by their 法人番号, too: thirteen digits."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("madoguchi_people", "0005_what_is_not_told_any_more")]

    operations = [
        migrations.RemoveConstraint(model_name="business", name="a_business_has_ten_digits"),
        migrations.AddConstraint(
            model_name="business",
            constraint=models.CheckConstraint(
                condition=Q(number__regex=r"^[0-9]{10}([0-9]{3})?$"), name="a_business_has_ten_or_thirteen_digits"
            ),
        ),
    ]
