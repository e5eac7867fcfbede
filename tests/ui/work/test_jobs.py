"""The queue, with workers that do what the test says."""

from queue import SimpleQueue

import pytest

from hitpoint.runtime.errors import InputError
from hitpoint.ui.state.store import Store
from hitpoint.ui.work.jobs import KEPT, Jobs, Order


class Worker:
    """Notes what it is told; the test answers in its place."""

    def __init__(self, heard, ended):
        self.heard, self.ended = heard, ended
        self.told, self.closed, self.killed = [], False, False

    def tell(self, message):
        self.told.append(message)

    def close(self):
        self.closed = True

    def kill(self):
        self.killed = True
        self.ended(-9, "")


class Bench:
    def __init__(self, grace=0.05):
        self.store, self.workers, self.posted, self.now = Store(), [], SimpleQueue(), 100.0
        self.failed = []
        self.jobs = Jobs(
            self.store, self.posted.put, self._launch, clock=lambda: self.now, grace=grace, failed=self.failed.append
        )
        self.results = []

    def _launch(self, heard, ended):
        self.workers.append(Worker(heard, ended))
        return self.workers[-1]

    def pump(self, wait=0.0):
        if wait:
            self.posted.get(timeout=wait)()
        while not self.posted.empty():
            self.posted.get()()

    def add(self, kind="score", title="Score", **more):
        given = {"instead": "", **more}
        return self.jobs.add(Order(kind, title, {"of": title}, self.results.append, **given))

    def answer(self, worker, message):
        worker.heard(message)
        self.pump()

    def job(self, number):
        return next(job for job in self.store.state.jobs if job.id == number)

    def states(self):
        return [job.state for job in self.store.state.jobs]


@pytest.fixture
def bench():
    return Bench()


def test_one_renders_at_a_time_and_light_work_passes(bench):
    first, second, light = bench.add(), bench.add(), bench.add("peaks")
    assert bench.states() == ["running", "queued", "running"]
    heavy, other = bench.workers
    assert [each["do"] for each in heavy.told] == ["score"] and [each["do"] for each in other.told] == ["peaks"]
    bench.answer(other, {"id": light, "done": {"n": 3}})
    bench.answer(heavy, {"id": first, "done": {"n": 1}})
    assert bench.results == [{"n": 3}, {"n": 1}]
    assert bench.job(second).state == "running"
    assert len(bench.workers) == 2  # workers stay


def test_progress_says_stage_fraction_and_time_left(bench):
    number = bench.add()
    worker = bench.workers[0]
    bench.now += 10
    bench.answer(worker, {"id": number, "at": 0.25, "words": "playing"})
    job = bench.job(number)
    assert (job.stage, job.fraction, job.seconds, job.seconds_left) == ("playing", 0.25, 10.0, pytest.approx(30.0))
    bench.answer(worker, {"id": number, "at": float("inf"), "words": "?"})
    assert bench.job(number).fraction == 1.0
    bench.answer(worker, {"id": number + 7, "at": 0.5, "words": "of another"})
    bench.answer(worker, {"id": "x"})
    assert bench.job(number).stage == "?"


def test_nobody_guesses_an_end_from_almost_nothing(bench):
    number = bench.add()
    bench.now += 3
    bench.answer(bench.workers[0], {"id": number, "at": 0.01, "words": ""})
    assert bench.job(number).seconds_left is None


def test_a_failure_is_a_sentence_and_details_and_can_be_retried(bench):
    number = bench.add()
    waiting = bench.add()
    bench.answer(bench.workers[0], {"id": number, "failed": "the disk is full", "details": "Traceback..."})
    job = bench.job(number)
    assert (job.state, job.sentence, job.details) == ("failed", "the disk is full", "Traceback...")
    assert bench.failed == [job]
    assert bench.job(waiting).state == "running"
    bench.jobs.retry(number)
    assert bench.states() == ["running", "queued"]
    bench.jobs.retry(waiting)  # it has not failed
    assert len(bench.store.state.jobs) == 2


def test_a_killed_worker_fails_its_job_and_a_fresh_one_goes_on(bench):
    first, second = bench.add(), bench.add()
    bench.workers[0].ended(-9, "last words")
    bench.pump()
    job = bench.job(first)
    assert job.state == "failed" and "signal 9" in job.sentence and "retry" in job.sentence
    assert job.details == "last words"
    assert len(bench.workers) == 2 and bench.workers[1].told[0]["id"] == second
    bench.answer(bench.workers[0], {"id": second, "done": {"n": 0}})  # from beyond the grave
    assert bench.results == []
    bench.answer(bench.workers[1], {"id": second, "done": {"n": 2}})
    assert bench.results == [{"n": 2}]


def test_an_idle_worker_that_ends_is_no_failure(bench):
    number = bench.add()
    bench.answer(bench.workers[0], {"id": number, "done": {}})
    bench.workers[0].ended(-9, "")
    bench.pump()
    assert bench.states() == ["done"] and bench.failed == []
    bench.add()
    assert len(bench.workers) == 2


def test_cancelling_asks_first_and_kills_after_the_grace(bench):
    number, waiting = bench.add(), bench.add()
    worker = bench.workers[0]
    bench.jobs.cancel(number)
    bench.jobs.cancel(number)
    assert worker.told[1:] == [{"cancel": number}]
    assert bench.job(number).stage == "stopping" and not worker.killed
    bench.pump(wait=2.0)
    bench.pump()
    assert worker.killed
    assert bench.job(number).state == "cancelled" and bench.failed == []
    assert bench.workers[1].told[0]["id"] == waiting


def test_a_job_that_stops_in_time_keeps_its_worker():
    bench = Bench(grace=0.05)
    number, waiting = bench.add(), bench.add()
    worker = bench.workers[0]
    bench.jobs.cancel(number)
    bench.answer(worker, {"id": number, "cancelled": True})
    bench.pump(wait=2.0)  # the grace runs out
    assert not worker.killed and bench.job(number).state == "cancelled"
    assert worker.told[-1]["id"] == waiting and len(bench.workers) == 1


def test_what_finishes_while_it_is_cancelled_is_done(bench):
    number = bench.add()
    bench.jobs.cancel(number)
    bench.answer(bench.workers[0], {"id": number, "done": {"n": 1}})
    assert bench.job(number).state == "done" and bench.results == [{"n": 1}]


def test_a_job_that_waits_is_cancelled_at_once_and_all_means_all(bench):
    first, second, light = bench.add(), bench.add(), bench.add("write")
    bench.jobs.cancel(second)
    assert bench.job(second).state == "cancelled"
    bench.jobs.cancel_all()
    assert {"cancel": first} in bench.workers[0].told and {"cancel": light} in bench.workers[1].told


def test_of_several_of_one_kind_that_wait_only_the_last_is_done(bench):
    running = bench.add("lay", "a", instead="lay", shown=False)
    for title in "bcd":
        last = bench.add("lay", title, instead="lay", shown=False)
    assert [job.id for job in bench.store.state.jobs] == [running, last]
    bench.answer(bench.workers[0], {"id": running, "done": {}})
    assert bench.workers[0].told[-1]["with"] == {"of": "d"}


def test_an_answer_that_cannot_be_read_is_a_failure(bench):
    def refuse(answer):
        raise InputError("takes[0].id: must be a whole number")

    one = bench.add(read=refuse)
    bench.answer(bench.workers[0], {"id": one, "done": {}})
    assert bench.job(one).sentence == "takes[0].id: must be a whole number"
    two = bench.add(read=lambda answer: answer["nothing"])
    bench.answer(bench.workers[0], {"id": two, "done": {}})
    assert bench.job(two).state == "failed" and "not understood" in bench.job(two).sentence
    assert bench.results == []


def test_a_worker_that_cannot_start_is_a_failed_job_not_a_crash():
    bench = Bench()

    def nothing(heard, ended):
        raise FileNotFoundError(2, "No such file", "python")

    bench.jobs._launch = nothing
    number = bench.add()
    assert bench.job(number).state == "failed" and "cannot be started" in bench.job(number).sentence


def test_only_so_many_finished_jobs_are_listed(bench):
    numbers = [bench.add() for _ in range(KEPT + 15)]
    for number in numbers:
        bench.answer(bench.workers[0], {"id": number, "done": {}})
    assert [job.id for job in bench.store.state.jobs] == numbers[-KEPT:]
    bench.jobs.clear()
    assert bench.store.state.jobs == ()


def test_housekeeping_leaves_the_list_when_it_is_done(bench):
    one = bench.add("heard", shown=False)
    bench.answer(bench.workers[0], {"id": one, "done": {}})
    two = bench.add("heard")
    bench.answer(bench.workers[0], {"id": two, "done": {}})
    assert [job.id for job in bench.store.state.jobs] == [two]


def test_closing_ends_what_runs_and_starts_nothing(bench):
    bench.add()
    bench.add()
    worker = bench.workers[0]
    bench.jobs.close()
    bench.pump()
    assert worker.killed and worker.closed
    bench.add()
    assert len(bench.workers) == 1
