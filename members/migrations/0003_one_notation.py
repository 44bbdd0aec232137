"""Brings names, addresses, phone numbers, cards and ids that are stored to the notation in which they are compared.

Nothing is deleted or joined. Where two cards of a program, or two ids of a connection, turn out to be one and the
same, the one that is written so already (else the first one) has it, and the others stay as they are written: each is
still found by exactly that. They are listed on standard error, like phone numbers and addresses that two members of a
program turn out to share.
"""

import sys

from django.db import migrations

from loyalty_site.lib import notation

_AT_ONCE = 2000


def bring_to_one_notation(apps, schema_editor):
    Customer = apps.get_model("members", "Customer")
    changed = {
        "email_key": _bring_keys(Customer, "email_key", ["email"], lambda one: notation.email_key(one.email)[:254]),
        "phone": _bring_keys(Customer, "phone", [], _phone),
    }
    _bring_keys(Customer, "last_name_key", ["kind", "first_name", "last_name", "company_name"], _name_key)
    for column, keys in changed.items():
        _report_shared(apps.get_model("members", "Member"), column, keys)
    _bring_unique(apps.get_model("members", "Card"), "program_id", "number", notation.card)
    _bring_unique(apps.get_model("members", "ExternalId"), "connection_id", "value", notation.external_id)


def _phone(customer):
    try:
        return notation.phone(customer.phone)
    except notation.NoPhone:
        return customer.phone


def _name_key(customer):
    own = customer.last_name if customer.kind == "person" else customer.company_name
    return notation.name_key(own, customer.first_name)[:200]


def _bring_keys(model, column, others, key_of):
    """Give `column` the key of each row; returns the keys that are new."""
    new = set()
    for rows in _chunks(model.objects.only(column, *others)):
        changed = [row for row in rows if getattr(row, column) != key_of(row)]
        for row in changed:
            setattr(row, column, key_of(row))
            new.add(getattr(row, column))
        model.objects.bulk_update(changed, [column])
    return new


def _chunks(rows):
    last = 0
    while chunk := list(rows.order_by("pk").filter(pk__gt=last)[:_AT_ONCE]):
        yield chunk
        last = chunk[-1].pk


def _report_shared(Member, column, keys):
    path = f"customer__{column}"
    for key in sorted(keys - {""}):
        holders = {}
        for program, number in Member.objects.filter(**{path: key}).order_by("pk").values_list("program__code", "number"):
            holders.setdefault(program, []).append(number)
        for program, numbers in holders.items():
            if len(numbers) > 1:
                _report(f"Members {', '.join(numbers)} of program {program} have one {column}, {key}: merge them.")


def _bring_unique(model, scope, column, normal):
    """Give `column`, unique within `scope`, its one notation wherever no other row has it."""
    for rows in _chunks(model.objects.only(scope, column)):
        wanted = {row.pk: (getattr(row, scope), normal(getattr(row, column))) for row in rows}
        others = [row for row in rows if getattr(row, column) != wanted[row.pk][1]]
        texts = {wanted[row.pk][1] for row in others}
        taken = set(model.objects.filter(**{f"{column}__in": texts}).values_list(scope, column)) if texts else set()
        changed = []
        for row in others:
            if wanted[row.pk] in taken:
                _report(
                    f"{model._meta.verbose_name} {row.pk}, “{getattr(row, column)}”, is the same as "
                    f"“{wanted[row.pk][1]}” and stays as it is written: merge their members, or take one back."
                )
            else:
                taken.add(wanted[row.pk])
                setattr(row, column, wanted[row.pk][1])
                changed.append(row)
        model.objects.bulk_update(changed, [column])


def _report(sentence):
    sys.stderr.write(f"{sentence}\n")


class Migration(migrations.Migration):
    dependencies = [("members", "0002_initial")]

    operations = [migrations.RunPython(bring_to_one_notation, migrations.RunPython.noop)]
