"""Load a record shop's program with 18 months of real purchases. Does nothing when it is there already.

Exit codes: 0 it is there; 1 it could not be loaded, and nothing of it is left behind.
"""

import time

from django.core.management.base import BaseCommand, CommandError

from loyalty_site.demo.loading import DemoFailed, load


class Command(BaseCommand):
    help = "Load the demo program: members, purchases (CDNOW, Fader and Hardie), rules, stores. Safe to repeat."

    def handle(self, **options: str | int | None) -> None:
        began = time.monotonic()
        try:
            loaded = load()
        except DemoFailed as failed:
            why = str(failed).removesuffix(".")
            raise CommandError(f"The demo could not be loaded, and nothing of it is left behind ({why})") from failed
        if not loaded:
            self.stdout.write("The demo is loaded already.")
            return
        self.stdout.write(f"Loaded the Encore Club in {time.monotonic() - began:.1f} s:")
        for what, count in loaded.items():
            self.stdout.write(f"  {count:>6,} {what}")
        self.stdout.write("The purchases are the CDNOW data of Fader and Hardie; everything personal is invented.")
