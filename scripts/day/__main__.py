"""`python -m scripts.day --seed N [--minutes N] [--write]`: a day of load; fails if anything is not as promised.

`--write` puts its figures into docs/guarantees.md.
"""

import argparse
import sys
import time
from collections import Counter

from scripts.bench.results import result_of
from scripts.day import plan
from scripts.day.figures import figures
from scripts.day.gathering import gather
from scripts.day.judgement import judge
from scripts.day.running import come_to_rest, deployed, live_through, open_up
from scripts.local.deployment import ROOT
from scripts.marked import write_between
from tests.support.site import Site

_DOCUMENT = ROOT / "docs" / "guarantees.md"
_BEGIN, _END = "<!-- day: make day -->\n", "<!-- end of day -->"
_begun = time.monotonic()


def main() -> int:
    """Live through a day, judge it, and show what it came to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10, help="how long the load lasts; the evening comes after it")
    parser.add_argument("--seed", type=int, required=True, help="what is asked for when, and what breaks when")
    parser.add_argument("--write", action="store_true", help="write the figures into docs/guarantees.md")
    asked = parser.parse_args()
    seconds = 60 * asked.minutes
    orders, incidents = plan.orders(asked.seed, seconds), plan.incidents(asked.seed, seconds)
    # What was tried is what there was when it began.
    tried, site = result_of({}, 0), Site()
    with deployed(site, say) as day:
        teams = open_up(day, site, asked.seed, orders)
        say(f"{len(orders)} runs and {len(incidents)} incidents in {asked.minutes:g} minutes, by the seed {asked.seed}")
        begun = time.monotonic()
        live_through(day, teams, orders, incidents)
        say("all executions have come to rest; the last events are on their way")
        still_open = come_to_rest(day, teams)
        lasted = time.monotonic() - begun
        facts = gather(day, teams, orders, site, still_open)
        requests = Counter[str]()
        for team in teams.values():
            requests += team.counts
        table = figures(facts, day.counts, requests, lasted)
        print(f"\n{table}\n")
        found = judge(facts)
        for sentence in found:
            print(f"NOT AS PROMISED: {sentence}", flush=True)
    site.close()
    if found:
        return 1
    say("everything is as promised")
    if asked.write:
        command = f"`make day MINUTES={asked.minutes:g} SEED={asked.seed}`"
        head = f"{command}, {tried.measured_at}, commit {tried.commit}; {tried.machine}."
        write_between(_DOCUMENT, _BEGIN, _END, f"{head}\n\n{table}")
    return 0


def say(what: str) -> None:
    """Tell whoever waits how far it is."""
    print(f"· {time.monotonic() - _begun:6.0f} s  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
