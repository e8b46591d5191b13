"""The rows of `bench/queue.py`.

Ours: submit with hold and outbox row, fair claim, finish with capture and outbox row. Against the least that a
queue can be (`bench/queue_peers/bare.py`), and against three that people use; each says its settings and why. All in
one folder, so on one file system (TMPDIR says where), each in a process of its own; a round is one of everything, and
what counts is the median of the ratios inside a round.

Where several callers wait, ours commits what they wait for together. So it also runs with one caller, when every step
is a commit that nobody shares, against a bare table with one connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from bench.queue_databases import Databases, Kind, databases
from bench.queue_peers.process import seconds
from bench.table import Row, arguments, show

OURS, BARE = "bench.queue_ours", "bench.queue_peers.bare"
KINDS: tuple[Kind, ...] = ("SQLite", "Postgres")

# The share of a bare table's speed that is left with all promises on, and how much slower a long queue may be.
LEAST_SPEED, MOST_SLOWER = 1 / 8, 2.0
PEOPLE = 1_000


@dataclass(frozen=True)
class Size:
    """How much is measured: `pairs` of a submit and a claim in a round, `queued` jobs in the long queue."""

    rounds: int
    jobs: int
    pairs: int
    queued: int


FULL = Size(rounds=5, jobs=1_000, pairs=200, queued=100_000)
QUICK = Size(rounds=1, jobs=300, pairs=60, queued=20_000)


@dataclass(frozen=True)
class Peer:
    """Another queue, on the database where it is best. Those without a target are for information."""

    name: str
    kind: Kind
    module: str
    measure: str = "life"
    target: float | None = 1.0
    # As many times the jobs of a round: fewer where each takes long, more where a pause at the end would weigh much.
    times: float = 1.0


DBOS = "bench.queue_peers.dbos_queue"
PEERS = (
    Peer("SqliteHuey", "SQLite", "bench.queue_peers.sqlite_huey"),
    Peer("procrastinate", "Postgres", "bench.queue_peers.procrastinate_queue"),
    Peer("DBOS", "SQLite", DBOS, times=0.3),
    # Fewer than three commits a job.
    Peer("DBOS claiming in batches", "Postgres", DBOS, measure="life_in_batches", target=None, times=2.0),
)


def main() -> None:
    args = arguments(__doc__ or "")
    size = QUICK if args.quick else FULL
    with databases() as place:
        rows = _lives(place, size) + _queues(place, size)
    show(rows, as_object=args.json)


def _lives(place: Databases, size: Size) -> list[Row]:
    """The whole life of a job, ours against everybody's."""
    times: dict[tuple[str, Kind], list[float]] = {}

    def live(name: str, kind: Kind, module: str, measure: str, jobs: float, *at_once: int) -> None:
        taken = seconds(module, measure, place.empty(kind), round(jobs), *at_once) / round(jobs)
        times.setdefault((name, kind), []).append(taken)

    for _ in range(size.rounds):
        for kind in KINDS:
            live("bare table", kind, BARE, "life", size.jobs)
            live("ours", kind, OURS, "life", size.jobs)
            for peer in PEERS:
                if peer.kind == kind:
                    live(peer.name, kind, peer.module, peer.measure, size.jobs * peer.times)
            live("bare table, one caller", kind, BARE, "life", size.jobs, 1)
            live("ours, one caller", kind, OURS, "life", size.jobs, 1)
    rows = []
    for kind in KINDS:
        for callers in ("", ", one caller"):
            speed = _ratio(times[f"bare table{callers}", kind], times[f"ours{callers}", kind])
            name = f"{kind}: bare table / ours{callers}"
            rows.append(Row(name, speed, "x", LEAST_SPEED, "ratio", speed >= LEAST_SPEED))
    for peer in PEERS:
        part = _ratio(times["ours", peer.kind], times[peer.name, peer.kind])
        ok = peer.target is None or part <= peer.target
        name = f"{peer.kind}: ours / {peer.name}"
        rows.append(Row(name, part, "x", peer.target, "ratio", ok))
    return rows + [_milliseconds(f"{kind}: {name}", taken) for (name, kind), taken in times.items()]


def _queues(place: Databases, size: Size) -> list[Row]:
    """From submit to claim, in a long queue against an empty one."""
    rows = []
    for kind in KINDS:
        empty, full = place.empty(kind), place.empty(kind)
        seconds(OURS, "fill", empty, 0, PEOPLE)
        seconds(OURS, "fill", full, size.queued, PEOPLE)
        short, long = [], []
        for _ in range(max(size.rounds, 3)):
            short.append(seconds(OURS, "submit_to_claim", empty, size.pairs))
            long.append(seconds(OURS, "submit_to_claim", full, size.pairs))
        slower = _ratio(long, short)
        name = f"{kind}: submit to claim, {size.queued:,} / 0 jobs"
        rows.append(Row(name, slower, "x", MOST_SLOWER, "ratio", slower <= MOST_SLOWER))
        rows.append(_milliseconds(f"{kind}: submit to claim, {size.queued:,} jobs", long))
    return rows


def _ratio(above: list[float], below: list[float]) -> float:
    return median(one / other for one, other in zip(above, below, strict=True))


def _milliseconds(name: str, times: list[float]) -> Row:
    return Row(name, median(times) * 1000, "ms", None, "absolute", ok=True)
