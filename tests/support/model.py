"""The reference model: what the product promises, as a plain program without crashes, storage or concurrency.

A workflow is the number of slices that its program takes. The model is told the ids that the product made up.
"""

from dataclasses import dataclass, field

DAY = 24 * 60 * 60
FRUITLESS = 3
"""So many generations in a row without progress, and an execution is given up."""


@dataclass
class Run:
    """An execution. `flight` is what Step Functions knows of its generation: none, running, broken or over."""

    slices: int
    status: str = "running"
    flight: str = "none"
    done: int = 0
    generation: int = 1
    done_before: int = 0
    """What was done when the generation began."""
    fruitless: int = 0


@dataclass
class Receipt:
    """A success that a key repeats."""

    asked: object
    body: str
    expires_at: float
    run: str


@dataclass
class Model:
    """One workspace."""

    credits: int
    limit: int
    may_call: bool = True
    runs: dict[str, Run] = field(default_factory=dict)
    receipts: dict[tuple[str, str], Receipt] = field(default_factory=dict)

    @property
    def running(self) -> set[str]:
        return {name for name, run in self.runs.items() if run.status == "running"}

    def ask(self, operation: str, key: str | None, asked: object, now: float) -> int | Receipt | None:
        """What every request meets first: a status, the receipt that answers it, or nothing."""
        if not self.may_call:
            return 401
        receipt = self.receipts.get((operation, key)) if key else None
        if receipt is None or receipt.expires_at <= now:
            return None
        return receipt if receipt.asked == asked else 400

    def run(self, key: str | None, asked: object, now: float) -> int | Receipt:
        found = self.ask("run", key, asked, now)
        if isinstance(found, Receipt):
            run = self.runs[found.run]
            if run.status == "running" and not run.done and run.flight == "none":
                run.flight = "running"
        if found is not None:
            return found
        if self.credits < 1:
            return 402
        return 429 if len(self.running) >= self.limit else 202

    def admitted(self, name: str, slices: int, *, is_started: bool) -> None:
        self.credits -= 1
        self.runs[name] = Run(slices, flight="running" if is_started else "none")

    def stop(self, name: str, key: str | None, now: float) -> int | Receipt:
        found = self.ask("stop", key, name, now)
        run = self.runs[name]
        if found is None and run.status != "running":
            return 400
        if found is None or isinstance(found, Receipt):
            run.status = "stopped" if found is None else run.status
            run.flight = "broken" if run.flight == "running" else run.flight
        return 200 if found is None else found

    def keep(self, operation: str, key: str | None, asked: object, body: str, run: str, now: float) -> None:
        if key:
            self.receipts[operation, key] = Receipt(asked, body, now + DAY, run)

    def step(self, name: str) -> None:
        run = self.runs[name]
        if run.flight != "running":
            return
        if run.status == "running":
            run.done += 1
            if run.done == run.slices:
                run.status = "success"
        if run.status != "running":
            run.flight = "over"

    def break_flight(self, name: str) -> None:
        self.runs[name].flight = "broken"

    def told(self, name: str, generation: int) -> None:
        """Of an abnormal end: the execution goes on in its next generation, once."""
        run = self.runs[name]
        if run.status == "running" and run.generation == generation:
            self._move_on(run)

    def _move_on(self, run: Run) -> None:
        run.fruitless = run.fruitless + 1 if run.done == run.done_before else 0
        if run.fruitless == FRUITLESS:
            run.status = "failed"
            self.credits += 1
        else:
            run.generation, run.done_before, run.flight = run.generation + 1, run.done, "running"

    def reconcile(self) -> None:
        """Look at every running execution; time enough has passed for all of them to be due."""
        for name in self.running:
            run = self.runs[name]
            if run.flight == "none":
                run.flight = "running"
            elif run.flight == "broken":
                self._move_on(run)
