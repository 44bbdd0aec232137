"""Ways of posting that are compared, by name. Each is made once in each process.

`prepare(seconds)` gets ready off the clock, `post(until)` posts until that instant of perf_counter (or
until it has nothing left) and returns how many posts the database has acknowledged.
"""

from benchmarks.stage.contenders.engine import BatchesOf500, BatchOfOne, HotMember, Shared
from benchmarks.stage.contenders.floor import FiveOnSQLite, FiveStatements
from benchmarks.stage.contenders.hordak import Hordak
from benchmarks.stage.contenders.naive import Naive, NaiveWithLongHistory
from benchmarks.stage.contenders.orm import FiveByORM
from benchmarks.stage.contenders.replay import Replay

CONTENDERS = {
    "five": FiveStatements,
    "five-sqlite": FiveOnSQLite,
    "replay": Replay,
    "one": BatchOfOne,
    "500": BatchesOf500,
    "hot": HotMember,
    "shared": Shared,
    "orm": FiveByORM,
    "naive": Naive,
    "naive-1000": NaiveWithLongHistory,
    "hordak": Hordak,
}
