"""How do tests change when points end?"""

from programs.models import ExpiryRule


def expiry(made, **fields):
    """Change the expiry rule: what is earned from now on ends as it says."""
    rule = ExpiryRule.objects.get(currency__program=made)
    for name, value in fields.items():
        setattr(rule, name, value)
    rule.save()
