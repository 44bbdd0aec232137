"""The staff groups of this version, after `migrate` on a machine where `run` is not what starts us."""

from django.core.management.base import BaseCommand

from loyalty_site.staff import PERMISSIONS, make_groups


class Command(BaseCommand):
    help = "Make the staff groups, or add the permissions that they lack. Safe to repeat."

    def handle(self, **options: object) -> None:
        make_groups()
        self.stdout.write(f"Ready: {', '.join(PERMISSIONS)}.")
