"""What happens in the programs of docs/examples, and what does each fact give? The same, however they were made.

Every figure is worked out by hand beside it. A program is made and its members enrol on START; what is told happens
in the nine months after it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from members import promotions as enrolling
from members.models import Customer, Relation, Tag
from partners.activity import Activity, Line, Refunded
from partners.models import Connection, Partner
from programs.models import Program, Promotion
from tests.support import factories
from tests.support.factories import held, post_one, purchase, reversal
from tests.support.segments import keep

START = datetime(2026, 1, 2, 9, tzinfo=UTC)
END = datetime(2026, 9, 30, 22, tzinfo=UTC)


@dataclass
class People:
    """How somebody joins a program, and what staff say of them: by what the pages of the admin call."""

    program: Program

    def enrol(self, name, **customer):
        return factories.member(self.program, enrolled_at=START, first_name=name, last_name="Story", **customer)

    def found(self, company):
        """The membership of a company."""
        return factories.member(
            self.program,
            enrolled_at=START,
            kind=Customer.Kind.COMPANY,
            company_name=company,
            first_name="",
            last_name="",
        )

    def employ(self, buyer, company, percent):
        """Let `percent` of what the buyer earns go to the company."""
        Relation.objects.create(member=buyer, group=company, role="buyer", percent=percent)

    def tag(self, member, name):
        Tag.objects.create(customer=member.customer, name=name)

    def register(self, member, code):
        """Enrol a member in a promotion."""
        enrolling.enrol(member, Promotion.objects.get(program=self.program, code=code), now=START)


@dataclass
class Told:
    """A program in which things happen at the hours of its own clocks."""

    program: Program

    def at(self, month, day, hour=12, minute=0):
        return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(self.program.time_zone))

    def post(self, item, by=""):
        """The Result of a fact that the system of the partner `by` reports, of the owner where none is named."""
        via = Connection.of(Partner.objects.get(code=by), Connection.Platform.API) if by else None
        return post_one(self.program, item, via=via)

    def did(self, who, kind, at, amount=None, **fields):
        """The Result of something that a member did; amounts in whole units of money."""
        name = f"{kind}-{who.number}-{at:%m%d%H%M}"
        money = None if amount is None else amount * 100
        return self.post(Activity(kind, name, {"number": who.number}, activity_at=at, amount=money, **fields))

    def bought(self, who, at, amount, *lines, by="", **fields):
        name = f"order-{who.number}-{at:%m%d%H%M}"
        return self.post(purchase(who, amount * 100, name, activity_at=at, lines=lines, **fields), by)

    def took_back(self, result, at, **fields):
        return self.post(
            reversal(result.journal_id, f"back-{result.journal_id}-{at:%m%d%H%M}", activity_at=at, **fields)
        )


def gave(result):
    """{currency: points} that a fact gave or took, without those that are nothing."""
    return {code: points for code, points in result.answer["points"].items() if points}


def shared(result, company):
    """The points that went to the company."""
    return result.answer["shared"].get(company.number, {}).get("points", 0)


def line(amount, quantity=1, **fields):
    """A line for so many whole units of money."""
    return Line(amount=amount * 100, quantity=quantity, **fields)


def leisure(program, people, travel):
    """Bookings, games, events and reviews of a leisure centre from June to August."""
    ada = people.enrol("Ada", birth_date="1990-07-14")
    bob, cem = people.enrol("Bob"), people.enrol("Cem", birth_date="1985-12-24")
    travel(END)
    told = Told(program)
    at, did = told.at, told.did

    # 42 euro, of which a shirt for 12 is on sale: 30.
    bought = told.bought(ada, at(6, 9), 42, line(30, sku="cake"), line(12, sku="shirt", labels=("sale",)))
    assert gave(bought) == {"points": 30}
    # Of the cake 10 come back, then the shirt, which gave nothing.
    part = told.took_back(bought, at(6, 10), lines=(Refunded(position=0, amount=1000),))
    assert gave(part) == {"points": -10}
    assert gave(told.took_back(bought, at(6, 11), lines=(Refunded(position=1, amount=1200, quantity=1),))) == {}

    # A booking gives 20 in the app, and nothing at the desk.
    assert gave(did(ada, "booking", at(6, 8, 9), channel="app")) == {"points": 20}
    assert gave(did(ada, "booking", at(6, 8, 10), channel="desk")) == {}

    # Tuesday at eleven is a quiet time: 25 and not 10. Saturday evening is none. Each is a visit.
    assert gave(did(ada, "game", at(6, 9, 11))) == {"points": 25, "visits": 1}
    assert gave(did(ada, "game", at(6, 13, 18))) == {"points": 10, "visits": 1}
    # The second week in a row, and the third: a course for 50, a tournament for 30 more.
    assert gave(did(ada, "event", at(6, 17, 19), attributes={"type": "course"})) == {"points": 50, "visits": 1}
    assert gave(did(ada, "event", at(6, 28, 10), attributes={"type": "tournament"})) == {"points": 80, "visits": 1}
    # Wednesday 1 July: the fourth week in a row, for 100, and the month of the birthday, so twice 10 for the game.
    assert gave(did(ada, "game", at(7, 1, 18))) == {"points": 120, "visits": 1}
    # With the five visits before it she is Regular: twice 12.
    assert gave(did(ada, "game", at(7, 2, 18))) == {"points": 24, "visits": 1}

    # Friday before ten: the first two who play get 30 more, Ada beside twice 12; Cem is the third.
    early = did(ada, "game", at(7, 3, 7))
    assert gave(early) == {"points": 54, "visits": 1}
    assert gave(did(bob, "game", at(7, 3, 8))) == {"points": 40, "visits": 1}
    assert gave(did(cem, "game", at(7, 3, 8, 30))) == {"points": 10, "visits": 1}
    # Ada cancels, which takes back all of it; so there is one early bird left.
    assert gave(told.took_back(early, at(7, 3, 9))) == {"points": -54, "visits": -1}
    assert gave(did(cem, "game", at(7, 3, 9, 30))) == {"points": 40, "visits": 1}

    # Three games a day give points, whatever the multiplier; each is a visit.
    games = [gave(did(ada, "game", at(7, 4, hour))) for hour in (18, 19, 20, 21)]
    assert games == [{"points": 24, "visits": 1}] * 3 + [{"visits": 1}]
    # Two reviews a month.
    reviews = [gave(did(ada, "review", at(7, day))) for day in (5, 6, 7)]
    assert reviews == [{"points": 15}, {"points": 15}, {}]
    assert gave(did(ada, "review", at(8, 1))) == {"points": 15}
    # 100 points a month for bookings; one that is cancelled makes room for another.
    bookings = [did(bob, "booking", at(8, day), channel="web") for day in range(1, 7)]
    assert [gave(one) for one in bookings] == [{"points": 20}] * 5 + [{}]
    assert gave(told.took_back(bookings[0], at(8, 7))) == {"points": -20}
    assert gave(did(bob, "booking", at(8, 8), channel="web")) == {"points": 20}
    # No more than 500 a day: of six tournaments at 80 there are 480, of a seventh 20.
    events = [did(cem, "event", at(8, 22, hour), attributes={"type": "tournament"}) for hour in range(12, 19)]
    assert [gave(one)["points"] for one in events] == [80] * 6 + [20]

    # Ada: 30-10, 20, 25, 10, 50, 80, 120, 24, 54-54, 72, 30, 15; visits 2+2+1+1+4.
    assert (held(ada), held(ada, "visits")) == (466, 10)
    assert (held(bob), held(bob, "visits")) == (140, 1)
    # Cem: 10 + 40 + 500, two games and seven events.
    assert (held(cem), held(cem, "visits")) == (550, 9)


def dealers(program, people, travel):
    """Deals and orders of a quarter: by a buyer for 80 % of whose points a company is, and by a dealer alone."""
    nord = people.found("Nord Heating")
    eve, fay = people.enrol("Eve"), people.enrol("Fay")
    people.employ(eve, nord, 80)
    people.tag(fay, "certified")
    keep(program, "certified")
    travel(END)
    told = Told(program)
    _orders_of_a_buyer(told, eve, nord)
    _deals_of_a_dealer(told, fay)
    # Eve, alone, is no certified installer: 2 % of 9,000, at 1.1, of which Nord gets 158.
    deal = told.did(eve, "deal", told.at(9, 20), 9000, attributes={"product_line": "heat pumps", "margin": 20})
    assert (gave(deal), shared(deal, nord)) == ({"points": 198, "turnover": 9000}, 158)


def _orders_of_a_buyer(told, eve, nord):
    at, did = told.at, told.did
    welcome = did(eve, "registration", at(1, 5))
    assert (gave(welcome), shared(welcome, nord)) == ({"points": 100}, 80)
    # Once for each member.
    assert gave(did(eve, "registration", at(1, 6))) == {}

    # 2 points for each 100 euro of a deal, 3 from a margin of 25 on; and 500 for a new customer.
    deal = did(eve, "deal", at(7, 8), 12_000, attributes={"margin": 20})
    assert (gave(deal), shared(deal, nord)) == ({"points": 240, "turnover": 12_000}, 192)
    deal = did(eve, "deal", at(7, 10), 8000, attributes={"margin": "30", "new_customer": True})
    assert (gave(deal), shared(deal, nord)) == ({"points": 740, "turnover": 8000}, 592)

    # 20,000 of turnover made her Silver, at 1.1. Of 2,500 euro 600 are clearance: 1,900 reach the band of 50.
    order = told.bought(eve, at(7, 15), 2500, line(1900, sku="boiler"), line(600, sku="old", labels=("clearance",)))
    assert (gave(order), shared(order, nord)) == ({"points": 55, "turnover": 2500}, 44)
    # At the wholesaler 100 for 1,000 euro, which is more than the band of 50.
    order = told.bought(eve, at(7, 16), 1000, by="wholesaler")
    assert (gave(order), shared(order, nord)) == ({"points": 110, "turnover": 1000}, 88)
    # The band of 10,000 is 2,000 points, at 1.1; 2,500 + 1,000 + 21,500 are 25,000 euro of orders, which give 1,500.
    order = told.bought(eve, at(8, 20), 21_500)
    assert (gave(order), shared(order, nord)) == ({"points": 3700, "turnover": 21_500}, 2960)
    # 2,000 come back: the band is still reached, the 25,000 are not.
    back = told.took_back(order, at(8, 25), amount=200_000)
    assert gave(back) == {"points": -1500, "turnover": -2000}
    assert back.answer["clawback_of_groups"] == {nord.number: {"points": 1200}}

    # Four courses a year.
    courses = [did(eve, "training", at(9, day)) for day in range(1, 6)]
    assert [gave(one) for one in courses] == [{"points": 200}] * 4 + [{}]
    # Eve keeps what Nord does not get: 20+48+148+11+22+740-300+160; her turnover is her own.
    assert (held(eve), held(nord)) == (849, 80 + 192 + 592 + 44 + 88 + 2960 - 1200 + 640)
    assert (held(eve, "turnover"), held(nord, "turnover")) == (43_000, 0)


def _deals_of_a_dealer(told, fay):
    at = told.at

    def deal(day, amount, margin, **attributes):
        about = {"product_line": "heat pumps", "margin": margin} | attributes
        return told.did(fay, "deal", at(9, day), amount, attributes=about)

    # 3 % of 20,000 are 600, a certified installer gets 750 for a new customer and 1,000 for heat pumps.
    assert gave(deal(1, 20_000, 26, new_customer=True)) == {"points": 2350, "turnover": 20_000}
    # 2 % of 3,000 are less than the least, 100, at 1.1 since she is Silver; and 1,000.
    second = deal(2, 3000, 10)
    assert gave(second) == {"points": 1110, "turnover": 3000}
    # At most 5,000 a deal, at 1.1, and 1,000 for a large one; of 2,500 for heat pumps in this quarter 500 are left.
    assert gave(deal(3, 300_000, 30)) == {"points": 7000, "turnover": 300_000}
    # The second customer withdraws, so there are 1,000 again for the next; 320,000 made her Gold: 100 at 1.25.
    assert gave(told.took_back(second, at(9, 4))) == {"points": -1110, "turnover": -3000}
    assert gave(deal(5, 3000, 10)) == {"points": 1125, "turnover": 3000}
    # Nothing is left for heat pumps.
    assert gave(deal(6, 3000, 10)) == {"points": 125, "turnover": 3000}
    # Of the 12,000 a quarter for deals 600, 5,500, 125 and 125 are used; 1,000 for a large one are none of them.
    assert gave(deal(7, 300_000, 30)) == {"points": 6650, "turnover": 300_000}


def airline(program, people, travel):
    """Flights by booking class and tier, partners, a promotion for who has registered."""
    gina, hugo = people.enrol("Gina"), people.enrol("Hugo")
    people.register(gina, "lisbon")
    travel(END)
    told = Told(program)
    at = told.at

    def flew(who, day, miles, booking_class="", to="", **fields):
        about = {name: value for name, value in (("booking_class", booking_class), ("destination", to)) if value}
        return told.bought(who, at(*day), 200, line(200, miles, sku="mile"), attributes=about, **fields)

    # Each booking class has its rate, of miles and of status miles.
    assert gave(flew(gina, (2, 1), 1000, "Y")) == {"miles": 1000, "status-miles": 1000, "segments": 1}
    assert gave(flew(gina, (2, 2), 1000, "T")) == {"miles": 250, "status-miles": 250, "segments": 1}
    assert gave(flew(gina, (2, 3), 6000, "J")) == {"miles": 9000, "status-miles": 9000, "segments": 1}
    assert gave(flew(gina, (2, 4), 10_000, "F")) == {"miles": 20_000, "status-miles": 15_000, "segments": 1}
    # 25,250 status miles are Silver, at 1.25: 900 + 225; twice the miles to Lisbon are 900 more.
    lisbon = flew(gina, (3, 1), 900, "M", "LIS")
    assert gave(lisbon) == {"miles": 2025, "status-miles": 900, "segments": 1}
    # Hugo has not registered, and is no Silver.
    assert gave(flew(hugo, (3, 1), 900, "M", "LIS")) == {"miles": 900, "status-miles": 900, "segments": 1}

    # Half a mile with Northwind, at 1.25. Hotels and cars give miles alone, and no tier multiplies them.
    alliance = flew(gina, (3, 5), 2000, by="northwind")
    assert gave(alliance) == {"miles": 1250, "status-miles": 1000, "segments": 1}
    assert gave(told.bought(gina, at(3, 6), 400, by="harbour-hotels")) == {"miles": 800}
    # 3,000 miles a month in hotels.
    assert gave(told.bought(gina, at(3, 7), 1500, by="harbour-hotels")) == {"miles": 2200}
    assert gave(told.bought(gina, at(4, 1), 10, by="harbour-hotels")) == {"miles": 20}
    assert gave(told.bought(gina, at(4, 2), 49, by="drive")) == {}
    assert gave(told.bought(gina, at(4, 3), 60, by="drive")) == {"miles": 500}

    # 5,000 in first, 1,250 for Silver; of the 5,000 of the promotion 4,100 are left.
    assert gave(flew(gina, (5, 1), 2500, "A", "LIS")) == {"miles": 10_350, "status-miles": 3750, "segments": 1}
    # Without the first flight there are 900 again: 1,000 + 250 + 900.
    assert gave(told.took_back(lisbon, at(5, 2))) == {"miles": -2025, "status-miles": -900, "segments": -1}
    assert gave(flew(gina, (5, 3), 1000, "Y", "LIS")) == {"miles": 2150, "status-miles": 1000, "segments": 1}

    # There and back are 500 miles each, at 1.25; the way back is not flown.
    both = told.bought(gina, at(6, 1), 300, line(150, 500, sku="mile"), line(150, 500, sku="mile"))
    assert gave(both) == {"miles": 1250, "status-miles": 1000, "segments": 1}
    back = told.took_back(both, at(6, 2), lines=(Refunded(position=1, amount=15_000, quantity=500),))
    assert gave(back) == {"miles": -625, "status-miles": -500}

    # 31,500 so far; 30,000 more are Gold, for whom the lightest fares give half a mile, at 1.5.
    assert gave(flew(gina, (7, 1), 20_000, "C")) == {"miles": 37_500, "status-miles": 30_000, "segments": 1}
    assert gave(flew(gina, (7, 2), 1000, "X")) == {"miles": 750, "status-miles": 250, "segments": 1}
    assert held(gina, "status-miles") == 1000 + 250 + 9000 + 15_000 + 1000 + 3750 + 1000 + 500 + 30_000 + 250
    assert held(gina, "segments") == 10


STORIES = {"leisure": leisure, "dealers": dealers, "airline": airline}
