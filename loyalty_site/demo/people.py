"""Who could the customers of the demo be? Invented persons, the same each time."""

import random
import unicodedata
from datetime import date, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent
#: Each keeps 555-0100 to 555-0199 for fiction.
AREAS = (
    "201 202 203 207 212 215 216 301 302 303 305 312 313 314 401 402 404 410 412 413 415 503 508 512 602 617 702 802"
)
_FIRST = (FOLDER / "first_names.txt").read_text(encoding="utf-8").split()
_LAST = (FOLDER / "last_names.txt").read_text(encoding="utf-8").split()
_TRADES = ("Dance School", "Radio", "Theatre", "Music School", "Hotel", "Film Studio")


def invent(number: int) -> dict[str, str]:
    """Columns of the customer with this number, from 1 to 2,800: unique e-mail and phone, or none."""
    chance = random.Random(f"encore {number}")
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    person = {"first_name": first, "last_name": last, "company": "", "born": "", "phone": "", "email": ""}
    if chance.random() < 0.01:
        person = dict.fromkeys(person, "") | {"company": f"{last} {chance.choice(_TRADES)}"}
    elif chance.random() < 0.7:
        person["born"] = str(date(1945, 1, 1) + timedelta(days=chance.randrange(60 * 365)))
    if chance.random() < 0.9:
        domain = chance.choice(("example.com", "example.org"))
        person["email"] = f"{_plain(first)}.{_plain(last)}.{number}@{domain}"
    if chance.random() < 0.8 or not person["email"]:
        person["phone"] = f"+1{AREAS.split()[number // 100]}55501{number % 100:02}"
    return person


def _plain(name: str) -> str:
    """A name as it stands in an e-mail address."""
    name = name.translate(str.maketrans("øØłı", "ooli", "’"))
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
