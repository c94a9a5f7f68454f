from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("madoguchi_people", "0004_companies_of_partners"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="dropped_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="delivery",
            name="dropped_because",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("delivered_at__isnull", True), ("dropped_at__isnull", True), _connector="OR"),
                name="what_has_arrived_is_not_dropped",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("dropped_because", ""), ("dropped_at__isnull", False), _connector="OR"),
                name="a_reason_is_of_what_was_dropped",
            ),
        ),
    ]
