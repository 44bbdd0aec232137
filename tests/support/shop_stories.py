"""What happens to the members of a coffee shop, a fashion retailer and a service company, and what does each earn?

The programs are those of docs/examples, however they came to be: by their document, or typed into the back office.
Every figure is worked out by hand beside it. A story moves the clock to each moment that it tells of.
"""

from datetime import date, datetime
from types import SimpleNamespace

from partners.activity import Activity, Refunded
from programs import promotions
from tests.support import factories
from tests.support.balanced import assert_balanced
from tests.support.celebrating import celebrate
from tests.support.factories import line, post_one, purchase, reversal
from tests.support.segments import keep

#: When the programs are built, before anything happens.
BUILT = datetime.fromisoformat("2027-01-15T12:00:00+00:00")
#: The codes that the service company sent.
CODES = ["POLAR-7M4X", "POLAR-9K2T"]


class Story:
    """A program, and a clock that is moved to what happens in it."""

    def __init__(self, made, clock):
        self.made, self.clock = made, clock
        made.refresh_from_db()

    def at(self, text):
        """Let it be this moment on the clock of the program."""
        self.clock.move_to(datetime.fromisoformat(text).replace(tzinfo=self.made.zone), tick=False)

    def member(self):
        return factories.member(self.made, enrolled_at=datetime.now(tz=self.made.zone))

    def gave(self, who, item):
        """What is posted: `points` by which it moves the balance of the primary currency, and the ledger's result."""
        before = self.holds(who)
        result = post_one(self.made, item)
        return SimpleNamespace(points=self.holds(who) - before, result=result, item=item)

    def holds(self, who):
        return factories.held(who, self.made.currencies.get(is_primary=True).code)

    def buys(self, who, amount, *lines, **fields):
        return self.gave(who, purchase(who, amount, lines=lines, **fields))

    def does(self, who, kind, external_id, **attributes):
        """An activity without money."""
        item = Activity(kind=kind, external_id=external_id, member={"number": who.number}, attributes=attributes)
        return self.gave(who, item)

    def brings_back(self, who, bought, position=None, amount=0):
        """The points that coming back takes: of so much of one line, or of the whole order."""
        lines = () if position is None else (Refunded(position=position, amount=amount, quantity=1),)
        return self.gave(who, reversal(bought.result.journal_id, lines=lines)).points


def coffee_shop(made, clock):
    """Points per visit, double on Tuesday mornings, and the tenth visit; 2 March 2027 is a Tuesday."""
    story = Story(made, clock)
    story.at("2027-03-01 07:55")
    ada = story.member()
    # Once for each member, however often an app reports it.
    assert story.does(ada, "registration", "ada").points == 20
    assert story.does(ada, "registration", "ada-again").points == 0
    story.at("2027-03-01 08:00")
    assert story.buys(ada, 320).points == 5  # her first visit that counts
    story.at("2027-03-01 12:00")
    assert story.buys(ada, 200).points == 0  # less than 2.50: no visit
    story.at("2027-03-02 08:30")
    early = story.buys(ada, 320)
    assert early.points == 10  # 5 x 2, her second
    story.at("2027-03-02 11:00")
    assert story.buys(ada, 320).points == 5  # the morning is over at 11, her third
    story.at("2027-03-02 15:00")
    third = story.buys(ada, 320)
    assert third.points == 0  # two visits a day give something; it still is her fourth
    assert story.gave(ada, third.item).points == 0  # and is not a fifth one when the till sends it again
    _until_the_tenth(story, ada)
    # The very first Tuesday was paid back: 5 x 2.
    assert story.brings_back(ada, early) == -10
    # 20 welcome, 5 + 10 + 5 of the first days, 5 x 5 of the next, 60 of the tenth, 10 back.
    assert story.holds(ada) == 20 + 20 + 25 + 60 - 10 == 115
    assert_balanced(made)


def _until_the_tenth(story, ada):
    for day in range(3, 8):
        story.at(f"2027-03-0{day} 09:00")
        assert story.buys(ada, 450).points == 5  # her fifth to ninth
    story.at("2027-03-08 09:00")
    tenth = story.buys(ada, 450)
    assert tenth.points == 55  # 5, and 50 for the tenth
    assert story.brings_back(ada, tenth) == -55
    story.at("2027-03-09 10:59")
    assert story.buys(ada, 450).points == 60  # the tenth again, on a Tuesday morning: 5 x 2, and 50


def fashion_retailer(made, clock):
    """A weekend with a budget and a holdout, goods on sale, a code, and who has not bought for long."""
    story = Story(made, clock)
    story.at("2028-03-01 10:00")
    ada, bob, cleo = (_asked(story, left_out=False) for _ in range(3))
    eve, dora = (_asked(story, left_out=True) for _ in range(2))
    _weekend(story, ada, bob, cleo, eve, dora)
    _code(story, ada, bob, eve)
    _back_again(story, cleo, dora)
    assert_balanced(made)


def _asked(story, *, left_out):
    """A member who is, or is not, left out of the weekend to compare; ten of a hundred are."""
    seeds = promotions.seeds(story.made.code, "weekend")
    while True:
        who = story.member()
        if (promotions.place(seeds, who.pk) < 10) == left_out:
            return who


def _outfit(story, who):
    """A coat for 100.00, and a scarf for 40.00 that is on sale."""
    coat, scarf = line("COAT", 10_000, category="coats"), line("SCARF", 4_000, category="scarves", labels=("sale",))
    return story.buys(who, 14_000, coat, scarf)


def _weekend(story, ada, bob, cleo, eve, dora):
    """Saturday 4 and Sunday 5 March 2028: 2,000 points more for all together, 1,500 for one member."""
    story.at("2028-03-03 23:59")
    assert _outfit(story, ada).points == 140
    story.at("2028-03-04 00:00")
    outfit = _outfit(story, ada)
    assert outfit.points == 240  # 140, and the 100 of the coat once more
    assert _outfit(story, eve).points == 140  # left out
    assert story.brings_back(ada, outfit, 0, 10_000) == -200  # the coat: 100 x 2, which the budget has again
    dress = story.buys(bob, 160_000, line("DRESS", 160_000))
    assert dress.points == 3_100  # 1,600, and of 1,600 more the 1,500 that one member gets
    assert story.buys(bob, 10_000, line("COAT", 10_000)).points == 150  # he is an Insider now: 100 x 1.5
    story.at("2028-03-05 17:00")
    assert story.buys(dora, 1_000).points == 10  # left out as well
    assert story.buys(cleo, 80_000, line("BAG", 80_000)).points == 1_300  # 800, and the last 500 of 2,000
    assert story.buys(ada, 10_000, line("COAT", 10_000)).points == 100  # nothing is left
    assert story.brings_back(bob, dress) == -3_100  # the budget has 1,500 again
    story.at("2028-03-05 23:59")
    assert story.buys(ada, 10_000, line("COAT", 10_000)).points == 200
    assert story.buys(bob, 10_000, line("COAT", 10_000)).points == 250  # he stays Insider: 100 + 50 + 100
    story.at("2028-03-06 00:00")
    assert story.buys(ada, 10_000, line("COAT", 10_000)).points == 100


def _code(story, ada, bob, eve):
    """BONJOUR gives 100 points more for 50 euro or more, once for each member; a gift card earns nothing."""
    story.at("2028-03-06 12:00")
    assert story.buys(ada, 5_000, line("CARD", 5_000, category="gift-card")).points == 0
    shoes = (line("SHOES", 6_000),)
    bought = story.buys(ada, 6_000, *shoes, code="BONJOUR")
    assert bought.points == 160
    assert story.buys(ada, 6_000, *shoes, code="BONJOUR").points == 60
    assert story.buys(bob, 6_000, *shoes, code="BONJOUR").points == 190  # 60 x 1.5, and the same 100
    assert story.buys(eve, 4_999, code="BONJOUR").points == 49
    assert story.buys(eve, 5_000, code="BONJOUR").points == 150  # she is not left out of this one
    assert story.brings_back(ada, bought, 0, 2_000) == -120  # 20, and the 100: 40 euro are left, of 50 asked


def _back_again(story, cleo, dora):
    """Both bought last on 5 March: 179 days before 31 August, and 180 before 1 September, when they sleep."""
    story.at("2028-08-31 12:00")
    keep(story.made, "sleepers")
    assert story.buys(dora, 6_000).points == 60
    story.at("2028-09-01 02:00")
    keep(story.made, "sleepers")
    assert story.buys(cleo, 3_999).points == 39  # less than 40 euro
    assert story.buys(cleo, 6_000).points == 210  # 60 and 150
    assert story.buys(cleo, 6_000).points == 60  # once in half a year, though she sleeps until the next night


def service_company(made, clock):
    """Air conditioners with tax, appointments, an anniversary, and codes of a letter that can be used once."""
    story = Story(made, clock)
    story.at("2028-03-10 10:00")
    berta, carlos = story.member(), story.member()
    cool = line("AC-35", 121_000, tax=21_000, category="air-conditioner")
    fitting = line("FIT", 24_200, tax=4_200, category="installation")
    bought = story.buys(berta, 145_200, cool, fitting, tax=25_200, code=CODES[0])
    assert bought.points == 1_900  # 1,000 + 200 without tax, 200 for the unit, 500 for the code
    assert story.buys(berta, 24_200, fitting, tax=4_200, code=CODES[1]).points == 200  # no air conditioner
    assert story.buys(carlos, 121_000, cool, tax=21_000, code=CODES[0]).points == 1_200  # the code is used up
    _appointments(story, berta, carlos)
    _anniversary(story, berta, carlos)
    story.at("2029-03-12 09:00")
    # 1,000 for the money, 200 for the unit and 500 for the code, which can be used again.
    assert story.brings_back(berta, bought, 0, 121_000) == -1_700
    assert story.buys(carlos, 121_000, cool, tax=21_000, code=CODES[0]).points == 1_700
    assert story.holds(berta) == 1_900 + 200 + 350 + 350 + 250 - 1_700 == 1_350
    assert_balanced(made)


def _appointments(story, berta, carlos):
    """Two a year give 150, and one of them 50 more before summer: 200 and 150 in each of two years."""
    story.at("2028-04-15 09:00")
    assert story.does(berta, "appointment", "visit-1", service="repair").points == 0
    assert story.does(berta, "appointment", "visit-2", service="maintenance").points == 200
    story.at("2028-09-10 09:00")
    autumn = story.does(berta, "appointment", "visit-3", service="inspection")
    assert autumn.points == 150
    assert story.does(carlos, "appointment", "visit-9", service="inspection").points == 150  # his first, in autumn
    story.at("2028-12-12 09:00")
    assert story.does(berta, "appointment", "visit-4", service="maintenance").points == 0  # the third of 2028
    assert story.brings_back(berta, autumn) == -150
    assert story.does(berta, "appointment", "visit-5", service="maintenance").points == 150  # the second again
    story.at("2029-02-20 09:00")
    assert story.does(berta, "appointment", "visit-6", service="inspection").points == 200  # another year
    story.at("2029-03-01 09:00")
    assert story.does(berta, "appointment", "visit-7", service="inspection").points == 150


def _anniversary(story, berta, carlos):
    """On 10 March 2029 both have been with the company for a year; the night gives it once."""
    story.at("2029-03-10 02:00")
    before = [story.holds(who) for who in (berta, carlos)]
    for _ in range(2):
        celebrate(story.made, date(2029, 3, 10))
    assert [story.holds(who) for who in (berta, carlos)] == [points + 250 for points in before]


STORIES = {"coffee-shop": coffee_shop, "fashion-retailer": fashion_retailer, "air-conditioning": service_company}
