from django.db import migrations

from programs.parameters import canonical


def write(apps, schema_editor):
    """The same parameters in other words: rules and programs keep their versions."""
    rules = apps.get_model("programs", "Rule").objects
    for rule in rules.only("pk", "kind", "params").iterator():
        params = canonical(rule.kind, rule.params)
        if params != rule.params:
            rules.filter(pk=rule.pk).update(params=params)


class Migration(migrations.Migration):
    dependencies = [("programs", "0011_counting_ladders_anew")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop, elidable=True)]
