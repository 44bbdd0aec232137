"""What do the CDNOW customers buy at Encore Records? The sample, shifted to today and spread over our stores."""

import csv
import random
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from loyalty_site.demo.people import invent

SAMPLE = Path(__file__).with_name("cdnow_sample.txt")
STORES = ("broadway", "harvard-square", "south-street")
SKUS = (
    "CD-ROCK",
    "CD-ROCK",
    "CD-ROCK",
    "CD-SOUL",
    "CD-SOUL",
    "CD-JAZZ",
    "LP-JAZZ",
    "CD-CLASSIC",
    "CD-FOLK",
    "CD-STAGE",
)


def write(path, *, last_day, zone):
    """Write the purchases as CSV, the last of them on `last_day`; returns how many there are."""
    rows = list(_rows(last_day, zone))
    rows.sort(key=lambda row: (row["at"], row["order"]))
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def _rows(last_day, zone):
    chance = random.Random("encore purchases")
    sample = [line.split() for line in SAMPLE.read_text(encoding="ascii").splitlines()]
    shift = last_day - max(_day(date) for _, _, date, _, _ in sample)
    for place, (_, customer, date, records, dollars) in enumerate(sample, start=1):
        is_web = chance.random() < 0.35
        store = "web" if is_web else STORES[(int(customer) + (chance.random() < 0.15)) % len(STORES)]
        clock = time(chance.randrange(24) if is_web else chance.randrange(10, 20))
        yield {
            "order": f"CDNOW-{place:05}",
            "customer": customer,
            "at": _at(_day(date) + shift, clock, chance.randrange(60), zone),
            "dollars": dollars,
            "records": records,
            "sku": chance.choice(SKUS),
            "channel": "web" if is_web else "store",
            "store": store,
            **invent(int(customer)),
        }


def _day(text):
    return datetime.strptime(text, "%Y%m%d").date()


def _at(day, clock, minute, zone):
    local = datetime.combine(day, clock, tzinfo=zone) + timedelta(minutes=minute)
    return local.astimezone(UTC).isoformat()
