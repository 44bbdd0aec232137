"""How do tests change the terms of a currency, as if they had always been these?"""

from programs.models import Currency


def change(made, **fields):
    """Change the columns of the points, and let the program be compiled anew."""
    Currency.objects.filter(program=made, code="points").update(**fields)
    type(made).touch(made.pk)
