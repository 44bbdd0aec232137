"""Open a sign-in again that too many failures have closed."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_ipv46_address

from loyalty_site import sign_in


class Command(BaseCommand):
    help = "Open the sign-in again that failures have closed: of a name, of an address, or of the one from the other."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="the name that somebody signs in with")
        parser.add_argument("--address", default="", help="the address of the network, as the admin shows it")

    def handle(self, *, name: str, address: str, **options: str | int | None) -> None:
        if not name and not address:
            raise CommandError("Say which name, or which --address.")
        if address:
            try:
                validate_ipv46_address(address)
            except ValidationError:
                raise CommandError(f"{address} is no address of a network, such as 203.0.113.7.") from None
        opened = sign_in.open_again(name=name, address=address)
        self.stdout.write(f"Failures of {opened} names and addresses forgotten." if opened else "Nothing was closed.")
