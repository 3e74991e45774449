"""Throughput of workers from 1 to 1,000 machines: a formula, beside a simulation of every picture's way, and a chart.

    python benchmarks/scale_model.py                       # the tables of docs/scale.md and docs/images/scale.svg
    python benchmarks/scale_model.py --pictures 10000000   # how long an archive takes

A picture is claimed in the database, fetched from the store, coloured, put into the store and written down in the
database. The formula takes the least of what workers, database, store and network can do. The simulation lets every
worker walk through queues for each of these, with varying times, and with machines that die in the middle; it knows
nothing of the formula. Costs come from scale_costs.jsonl, limits are assumptions with names, below.
"""

import argparse
import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from line_chart import ORDERED, Line, Panel, draw_svg
from scale_costs import latest

CHART = Path(__file__).parents[1] / "docs" / "images" / "scale.svg"
YEAR = 365.25 * 86400
MACHINES = (1, 2, 4, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(frozen=True)
class Limits:
    """What is assumed of a cluster. Requests, transactions and bytes are per second."""

    cores: int = 16  # of a machine; as many workers
    commits: float = 5_000  # small transactions of one PostgreSQL
    gets: float = 5_500  # of an S3 prefix, as Amazon documents it; keys are random, so prefixes split under load
    puts: float = 3_500
    prefixes: int = 4
    machine_bytes: float = 1.25e9  # 10 Gbit
    store_bytes: float = 12.5e9  # 100 Gbit
    latency: float = 0.03  # of a store request, seconds
    years_between_failures: float = 0.25  # of one machine: spot machines die often
    repair: float = 120.0  # until another takes its place
    lease: float = 20.0  # TINTYPE_LEASE_SECONDS


@dataclass(frozen=True)
class Work:
    """One picture."""

    cpu: float  # seconds of one core
    bytes_in: float
    bytes_out: float
    commits: float
    gets: float = 1
    puts: float = 1


def ceilings(work: Work, limits: Limits, machines: int) -> dict[str, float]:
    """Pictures a second that each part alone could do."""
    lives = limits.years_between_failures * YEAR
    share = lives / (lives + limits.repair)
    waits = limits.latency * (work.gets + work.puts)
    through = work.bytes_in + work.bytes_out
    return {
        "workers": machines * limits.cores * share / (work.cpu + waits),
        "database": limits.commits / work.commits,
        "store requests": min(limits.gets / work.gets, limits.puts / work.puts) * limits.prefixes,
        "store network": limits.store_bytes / through,
        "machines' network": machines * limits.machine_bytes / through,
    }


def formula(work: Work, limits: Limits, machines: int) -> tuple[float, str]:
    """Pictures a second, and the part that allows no more."""
    parts = ceilings(work, limits, machines)
    least = min(parts, key=lambda name: parts[name])
    return parts[least], least


class Station:
    """Requests in line for something that serves one after the other."""

    def __init__(self) -> None:
        self.free_at = 0.0

    def serve(self, now: float, seconds: float) -> float:
        """When a request that comes now is done."""
        self.free_at = max(now, self.free_at) + seconds
        return self.free_at


def simulate(work: Work, limits: Limits, machines: int, *, each: int = 25, seed: int = 0) -> dict[str, float]:
    """Let every worker colour until `each` pictures for each worker are done: pictures a second, share done again.

    Times of the processor vary by 30 %, those of the store's answers are exponential; the first and last tenth of
    the time, when not everybody works, do not count.
    """
    rng = np.random.default_rng(seed)
    workers = machines * limits.cores
    database, gets, puts, network = Station(), Station(), Station(), Station()
    lines = [Station() for _ in range(machines)]
    failures = _failures(rng, limits, machines)
    steps = ("claim", "get", "colour", "put", "write")
    # (moment, order, worker, step, when this picture began): a heap, so that everything happens in the order of time
    events = [(float(rng.uniform(0, work.cpu)), n, n, 0, 0.0) for n in range(workers)]
    heapq.heapify(events)
    order, done, again, wanted = workers, [], 0, workers * each
    while events and len(done) < wanted:
        now, _, worker, step, began = heapq.heappop(events)
        machine = worker // limits.cores
        if step == 0:
            began = now
        while failures[machine] and failures[machine][0] < began:
            failures[machine].pop(0)
        if failures[machine] and began <= failures[machine][0] <= now and step:
            again += 1  # what was in work is another worker's when the lease has run out
            back = failures[machine][0] + limits.repair
            order += 1
            heapq.heappush(events, (max(now, back), order, worker, 0, 0.0))
            continue
        kind = steps[step]
        if kind == "claim":
            after = database.serve(now, work.commits / 2 / limits.commits)
        elif kind in ("get", "put"):
            asked, rate, line, size = (
                (work.gets, limits.gets, gets, work.bytes_in) if kind == "get" else
                (work.puts, limits.puts, puts, work.bytes_out)
            )  # fmt: skip
            admitted = line.serve(now, asked / (rate * limits.prefixes))
            sent = max(
                network.serve(admitted, size / limits.store_bytes),
                lines[machine].serve(admitted, size / limits.machine_bytes),
            )
            after = sent + float(rng.exponential(limits.latency)) * asked
        elif kind == "colour":
            after = now + max(0.2, float(rng.normal(1, 0.3))) * work.cpu
        else:
            after = database.serve(now, work.commits / 2 / limits.commits)
            done.append(after)
        order += 1
        heapq.heappush(events, (after, order, worker, (step + 1) % len(steps), began))
    moments = np.sort(done)
    first, last = moments[len(moments) // 10], moments[-len(moments) // 10]
    counted = np.count_nonzero((moments >= first) & (moments < last))
    return {"rate": counted / (last - first), "again": again / len(done)}


def _failures(rng: np.random.Generator, limits: Limits, machines: int) -> list[list[float]]:
    """When each machine dies."""
    gaps = [rng.exponential(limits.years_between_failures * YEAR, 200) + limits.repair for _ in range(machines)]
    return [[float(moment) for moment in np.cumsum(row) - limits.repair] for row in gaps]


def cases() -> dict[str, Work]:
    """Photographs by size, with the costs and counts that were measured."""
    rows, runs = latest("photos"), latest("workers")
    commits = float(np.mean([row["commits"] for row in runs]))
    gets = float(np.mean([row["store_requests"] for row in runs])) - 1  # all but the one that writes
    base = rows[0]["cpu_s"]
    extra = max(0.0, float(np.mean([row["cpu_s"] for row in runs])) - base)  # of a worker beside the colouring itself
    return {
        f"{row['megapixels']} MP": Work(row["cpu_s"] + extra, row["bytes_in"], row["bytes_out"], commits, gets)
        for row in rows
    }


def bend(work: Work, limits: Limits) -> tuple[float, str]:
    """How many machines it takes until something else than workers is the least, and what."""
    one = ceilings(work, limits, 1)
    others = {name: rate for name, rate in one.items() if name not in ("workers", "machines' network")}
    least = min(others, key=lambda name: others[name])
    return others[least] / min(one["workers"], one["machines' network"]), least


def measured() -> list[str]:
    """What 1, 2 and 4 workers made, beside the formula for as many cores as they were given."""
    rows = latest("workers")
    cost = float(np.mean([row["cpu_s"] for row in rows]))
    table = ["| workers | cores they got | seconds for a picture | pictures/s | formula | ratio |"]
    table.append("|---|---|---|---|---|---|")
    for row in rows:
        rate, wanted = row["pictures"] / row["wall_s"], row["cores"] / cost
        numbers = (row["cores"], row["cpu_s"], rate, wanted, rate / wanted)
        table.append("| {} | {:.2f} | {:.3f} | {:.2f} | {:.2f} | {:.2f} |".format(row["workers"], *numbers))
    return table


def chart(kinds: dict[str, Work], limits: Limits, simulated: dict[str, list[tuple[float, float]]]) -> str:
    """Both, on scales of powers of ten."""

    def logs(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(float(np.log10(x)), float(np.log10(y))) for x, y in points]

    lines = []
    for colour, (name, work) in zip(ORDERED[1::2], kinds.items(), strict=False):
        curve = [(n, formula(work, limits, int(n))[0]) for n in MACHINES]
        lines.append(Line(logs(curve), name, colour))
        lines.append(Line(logs(simulated[name]), "", colour, dashed=True, marked=True))
    title = "Pictures a second; dots: simulation"
    return draw_svg([Panel(title, "machines of 16 cores", lines, 10, 6, 560, 320, decades=True)], 580, 336)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=10_000_000, help="in the archive")
    parser.add_argument("--commits", type=float, default=Limits.commits, help="transactions a second of the database")
    parser.add_argument("--machines", type=int, nargs="+", default=list(MACHINES))
    parser.add_argument("--chart", type=Path, default=None, help=f"draw the chart here, for the page {CHART.name}")
    options = parser.parse_args()
    limits = replace(Limits(), commits=options.commits)
    kinds = cases()
    simulated: dict[str, list[tuple[float, float]]] = {}
    for name, work in kinds.items():
        machines_at, part = bend(work, limits)
        print(f"\n{name}: {work.cpu:.3f} s of a core, {(work.bytes_in + work.bytes_out) / 1e6:.1f} MB in and out, "
              f"{work.commits:.1f} transactions; bends at {machines_at:.0f} machines: {part}\n")  # fmt: skip
        print("| machines | formula, pictures/s | least | simulated | ratio | done again | hours for the archive |")
        print("|---|---|---|---|---|---|---|")
        for count in options.machines:
            rate, least = formula(work, limits, count)
            found = simulate(work, limits, count, each=max(6, min(200, 60_000 // (count * limits.cores))))
            simulated.setdefault(name, []).append((count, found["rate"]))
            print(f"| {count:,} | {rate:,.0f} | {least} | {found['rate']:,.0f} | {found['rate'] / rate:.2f} | "
                  f"{found['again']:.5%} | {options.pictures / found['rate'] / 3600:,.1f} |")  # fmt: skip
    print("\n" + "\n".join(measured()))
    if options.chart:
        options.chart.write_text(chart(kinds, limits, simulated))


if __name__ == "__main__":
    main()
