"""In which units are limits and thresholds typed and shown? In those of what they count, with their decimals."""

from typing import Any

from loyalty_site.lib import money
from loyalty_site.lib.admin import dressed
from loyalty_site.lib.units import UnitsField, UnitsForm, UnitsListField, ValueOf
from programs.models import Cap, Currency


def units(**options: Any) -> UnitsField:
    """A UnitsField in the look of the admin."""
    return dressed(UnitsField(**options))


def of_currency(currency: Currency | None) -> int | None:
    """The decimals of a currency, None while it is not known."""
    return currency.decimals if currency else None


class CapForm(UnitsForm):
    """A cap: its limit is in points, times or money."""

    limit = units(
        help_text="In what is measured: points like 500 or 12.50, times, or money like 20.00 in the base currency."
    )

    class Meta:
        help_texts = {"trailing_days": "Only where the period looks back over the last days."}

    @staticmethod
    def decimals_of(name: str, value: ValueOf) -> int | None:
        match value("measure"):
            case Cap.Measure.USES:
                return 0
            case Cap.Measure.MONEY | Cap.Measure.DISCOUNT:
                return money.exponent(value("program").money) if value("program") else None
            case Cap.Measure.POINTS:
                return of_currency(value("currency"))
        return None


class StaffLimitForm(UnitsForm):
    """Limits of staff, in points of the currency."""

    per_posting = units(initial=500, label="At once", help_text="Points of one posting.")
    per_day = units(initial=2000, label="A day", help_text="Points of all postings of a day.")
    per_member = units(
        required=False, label="A day and member", help_text="For or from one member a day; empty: as much as a day."
    )

    @staticmethod
    def decimals_of(name: str, value: ValueOf) -> int | None:
        return of_currency(value("currency"))


class CurrencyForm(UnitsForm):
    """A kind of points: its limits have the decimals that it is given itself."""

    min_spend = units(initial=1, help_text="Fewer points cannot be spent at once.")
    max_spend = units(required=False, help_text="Nor more; empty: no limit.")
    spend_step = units(initial=1, help_text="Only multiples of this many can be spent.")
    max_balance = units(required=False, help_text="A member holds no more, pending points included; empty: no limit.")
    milestones = dressed(
        UnitsListField(
            required=False,
            help_text="Balances of which members and other systems hear when they are reached, separated by commas: "
            "500, 1000.",
        )
    )
    transfer_min = units(initial=1)
    transfer_max = units(required=False)
    transfer_daily_limit = units(
        required=False, help_text="Points that a member gives, or gets, a day; empty: no limit."
    )
    transfer_yearly_limit = units(required=False, help_text="The same for a calendar year; empty: no limit.")

    class Meta:
        help_texts = {"decimals": "How finely points are counted: with 2 decimals there are 1.50 points."}

    @staticmethod
    def decimals_of(name: str, value: ValueOf) -> int | None:
        decimals: int | None = value("decimals")
        return decimals
