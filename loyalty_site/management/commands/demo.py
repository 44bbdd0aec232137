"""Load a record shop's program with 18 months of real purchases. Does nothing when it is there already."""

import time

from django.core.management.base import BaseCommand

from loyalty_site.demo.loading import load


class Command(BaseCommand):
    help = "Load the demo program: members, purchases (CDNOW, Fader and Hardie), rules, stores. Safe to repeat."

    def handle(self, **options):
        began = time.monotonic()
        loaded = load()
        if not loaded:
            self.stdout.write("The demo is loaded already.")
            return
        self.stdout.write(f"Loaded the Encore Club in {time.monotonic() - began:.1f} s:")
        for what, count in loaded.items():
            self.stdout.write(f"  {count:>6,} {what}")
        self.stdout.write("The purchases are the CDNOW data of Fader and Hardie; everything personal is invented.")
