"""What came out? Rates and ratios, each as min - median - max over the interleaved rounds."""

import json
import os
import platform
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Ratio:
    """`over` / `under`, both keys of a round's rates; `goal` is the least that is wanted, None without one."""

    title: str
    over: tuple
    under: tuple
    goal: float | None = None

    def of(self, rounds):
        pairs = [(rates.get(self.over), rates.get(self.under)) for rates in rounds]
        return [over / under for over, under in pairs if over and under]


def machine():
    """One line about where this was measured."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{model}, {os.cpu_count()} cores, load {load}; Python {platform.python_version()}"


def versions():
    import django
    import psycopg

    return f"Django {django.get_version()}, psycopg {psycopg.__version__} ({psycopg.pq.__impl__})"


def spread(values, pattern):
    return " - ".join(pattern.format(value) for value in (min(values), median(values), max(values)))


def verdict(is_reached):
    return "reached" if is_reached else "MISSED"


def show(title, rounds, ratios, names, *, rate="posts a second", hand="connection"):
    """Print the rates and the ratios of `rounds` (dicts of (name, hands) -> rate)."""
    print(f"\n{title}: {rate} (min - median - max of {len(rounds)} rounds)")
    for key in rounds[0]:
        name, hands = key
        label = f"{names[name]}, {hands} {hand}{'s' if hands > 1 else ''}"
        print(f"  {label:<58} {spread([rates[key] for rates in rounds], '{:,.0f}')}")
    print(f"\n{title}: ratios")
    for ratio in ratios:
        values = ratio.of(rounds)
        if not values:
            print(f"  {ratio.title:<58} not measured")
            continue
        end = "" if ratio.goal is None else f"  goal {ratio.goal:g}: {verdict(median(values) >= ratio.goal)}"
        print(f"  {ratio.title:<58} {spread(values, '{:.2f}')}{end}")


def write(path, **facts):
    """The same as JSON, for machines."""
    with open(path, "w") as file:
        json.dump(facts, file, indent=2, default=str)


def plain(rounds):
    """Rounds with keys that JSON knows."""
    return [{f"{name} x{hands}": rate for (name, hands), rate in rates.items()} for rates in rounds]
