"""What do the CDNOW customers buy at Encore Records? The sample, shifted to today and spread over our stores."""

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

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


@dataclass(frozen=True, slots=True)
class Purchase:
    """One purchase of the sample in one of our stores, the same on every day.

    `days_ago` counts back from the last day of the sample, `clock` is the wall clock of the program, `dollars`
    and `records` are the texts that the file holds.
    """

    order: str
    customer: str
    days_ago: int
    clock: time
    dollars: str
    records: str
    sku: str
    channel: str
    store: str

    def at(self, last_day: date, zone: ZoneInfo) -> datetime:
        """When it was made (UTC), if the last purchases of all were made on `last_day`."""
        return datetime.combine(last_day - timedelta(days=self.days_ago), self.clock, tzinfo=zone).astimezone(UTC)

    @property
    def least_points(self) -> int:
        """What it earns at least, whatever the day and the tier: one point for each whole dollar."""
        return int(self.dollars.partition(".")[0])


def read() -> list[Purchase]:
    """All purchases in the order of the sample: by customer, then by date."""
    chance = random.Random("encore purchases")
    sample = [line.split() for line in SAMPLE.read_text(encoding="ascii").splitlines()]
    last_day = max(date.fromisoformat(day) for _, _, day, _, _ in sample)
    purchases = []
    for place, (_, customer, day, records, dollars) in enumerate(sample, start=1):
        is_web = chance.random() < 0.35
        store = "web" if is_web else STORES[(int(customer) + (chance.random() < 0.15)) % len(STORES)]
        hour = chance.randrange(24) if is_web else chance.randrange(10, 20)
        purchases.append(
            Purchase(
                order=f"CDNOW-{place:05}",
                customer=customer,
                days_ago=(last_day - date.fromisoformat(day)).days,
                clock=time(hour, chance.randrange(60)),
                dollars=dollars,
                records=records,
                sku=chance.choice(SKUS),
                channel="web" if is_web else "store",
                store=store,
            )
        )
    return purchases


def write(path: Path, *, last_day: date, zone: ZoneInfo) -> int:
    """Write the purchases as CSV, the last of them on `last_day`; returns how many there are."""
    rows = sorted(_rows(last_day, zone), key=lambda row: (row["at"], row["order"]))
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    return len(rows)


def _rows(last_day: date, zone: ZoneInfo) -> Iterator[dict[str, str]]:
    for purchase in read():
        yield {
            "order": purchase.order,
            "customer": purchase.customer,
            "at": purchase.at(last_day, zone).isoformat(),
            "dollars": purchase.dollars,
            "records": purchase.records,
            "sku": purchase.sku,
            "channel": purchase.channel,
            "store": purchase.store,
            **invent(int(purchase.customer)),
        }
