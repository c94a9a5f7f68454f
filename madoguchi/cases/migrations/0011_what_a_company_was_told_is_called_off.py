from django.db import migrations, models

_STATE = models.Case(
    models.When(taken_back_at__isnull=False, then=models.Value("taken-back")),
    models.When(stopped_at__isnull=False, then=models.Value("stopped")),
    models.When(done_at__isnull=False, then=models.Value("done")),
    models.When(refused_at__isnull=False, then=models.Value("refused")),
    models.When(asked_at__isnull=False, then=models.Value("asked")),
    models.When(called_off_at__isnull=False, then=models.Value("called-off")),
    models.When(accepted_at__isnull=False, then=models.Value("accepted")),
    models.When(handed_at__isnull=False, then=models.Value("handed")),
    models.When(sent_at__isnull=False, then=models.Value("sent")),
    default=models.Value("chosen"),
    output_field=models.TextField(),
)


class Migration(migrations.Migration):

    dependencies = [
        ("madoguchi_cases", "0010_what_the_lists_ask"),
    ]

    operations = [
        migrations.AddField(
            model_name="service",
            name="called_off_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="service",
            name="stopped_at",
            field=models.DateTimeField(null=True),
        ),
        # A generated column is made anew where what it says changes.
        migrations.RemoveIndex(model_name="service", name="service_of_partner"),
        migrations.RemoveField(model_name="service", name="state"),
        migrations.AddField(
            model_name="service",
            name="state",
            field=models.GeneratedField(db_persist=True, expression=_STATE, output_field=models.TextField()),
        ),
        migrations.AddIndex(
            model_name="service", index=models.Index(fields=["partner", "state"], name="service_of_partner")
        ),
        migrations.RemoveConstraint(model_name="service", name="a_company_ends_it_once"),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_at__isnull", True), ("refused_at__isnull", True)),
                    models.Q(("refused_at__isnull", True), ("stopped_at__isnull", True)),
                    models.Q(("done_at__isnull", True), ("stopped_at__isnull", True)),
                    _connector="OR",
                ),
                name="a_company_ends_it_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(("called_off_at__isnull", True), ("handed_at__isnull", False), _connector="OR"),
                name="only_what_was_handed_over_is_called_off",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(("stopped_at__isnull", True), ("called_off_at__isnull", False), _connector="OR"),
                name="only_what_was_called_off_is_stopped",
            ),
        ),
    ]
