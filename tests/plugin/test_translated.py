"""What Active Job's ``TestHelper`` can ask, asked here: a test each, which is also how to say it in jobkit.

``docs/coming-from.md`` is made of this file. The lines of a docstring name the same thing in Rails, Laravel, Sidekiq
and Oban, as far as they have it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import ANY

import pytest
from dirty_equals import IsPositiveInt, IsStr

import jobkit
from pytest_jobkit import Jobs, TooManyPerforms

app = jobkit.App("redis://production.invalid")


@app.job
def hello(name: str, data: dict[str, object] | None = None) -> str:
    return f"hello {name}"


@app.job(queue="logs")
def log(action: str) -> None: ...


@app.job
def sign_up(name: str) -> None:
    hello.enqueue(name)
    log.enqueue("signed up")


@app.job(retry=jobkit.Retry(attempts=3, on=ConnectionError, wait=60), discard=LookupError)
def pay(order_id: int) -> int:
    if order_id == 13:
        raise ConnectionError("the bank does not answer")
    if order_id == 14:
        raise LookupError("no such order")
    if order_id == 15:
        raise ValueError("a bug")
    return order_id


@app.job
def again(number: int) -> None:
    again.enqueue(number + 1)


@app.job
def import_rows() -> None:
    job = jobkit.this_job()
    for row in range(job.last_checkpoint(int, 0), 4):
        job.checkpoint(row + 1)
        log.enqueue(f"row {row}")
        if row == 1 and job.attempt == 1:
            raise ConnectionError


TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


# How many were enqueued


def test_so_many(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_jobs 2
    Laravel: Queue::assertCount(2)
    Sidekiq: assert_equal 2, HelloJob.jobs.size
    Oban: assert length(all_enqueued()) == 2
    """
    hello.enqueue("Ada")
    log.enqueue("visit")
    assert jobs.enqueued == [hello, log]
    with pytest.raises(AssertionError):
        assert jobs.enqueued == [hello]


def test_so_many_inside_a_block(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_jobs(1) { ... }
    """
    hello.enqueue("before")
    with jobs.window() as inside:
        hello.enqueue("Ada")
    hello.enqueue("after")
    assert inside.enqueued == [hello.call("Ada")]
    jobs.ignore(hello)


def test_blocks_inside_each_other(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_jobs(2) { ...; assert_enqueued_jobs(1) { ... } }
    """
    with jobs.window() as outer:
        hello.enqueue("Ada")
        with jobs.window() as inner:
            log.enqueue("visit")
    assert outer.enqueued == [hello, log]
    assert inner.enqueued == [log]


def test_so_many_of_one_kind(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_jobs 2, only: HelloJob
    Laravel: Queue::assertPushedTimes(Hello::class, 2)
    Oban: assert length(all_enqueued(worker: Hello)) == 2
    """
    sign_up.enqueue("Ada")
    hello.enqueue("Ada")
    hello.enqueue("Grace")
    assert jobs.enqueued.count(hello) == 2
    jobs.ignore(sign_up)


def test_so_many_of_several_kinds(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_jobs 2, only: [HelloJob, LogJob]
    """
    sign_up.enqueue("Ada")
    hello.enqueue("Ada")
    log.enqueue("visit")
    assert jobs.enqueued.of(hello, log) == [hello, log]
    jobs.ignore(sign_up)


def test_so_many_but_of_one_kind(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_jobs 1, except: LogJob
    """
    log.enqueue("visit")
    hello.enqueue("Ada")
    assert jobs.enqueued.but(log) == [hello]
    jobs.ignore(log)


def test_so_many_as_a_condition_says(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_jobs 1, only: ->(job) { ... }
    """
    hello.enqueue("Ada")
    hello.enqueue("Grace")
    assert [entry.args["name"] for entry in jobs.enqueued if entry.job is hello] == ["Ada", "Grace"]
    assert jobs.enqueued.count(hello.partial(name="Ada")) == 1
    jobs.ignore(hello)


def test_so_many_on_a_queue(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_jobs 1, queue: "logs"
    Laravel: Queue::assertPushedOn("logs", Log::class)
    Sidekiq: assert_equal 1, Sidekiq::Queues["logs"].size
    Oban: assert [_] = all_enqueued(queue: :logs)
    """
    hello.enqueue("Ada")
    log.enqueue("visit")
    assert jobs.enqueued.on("logs") == [log]
    jobs.ignore(hello)


def test_none(jobs: Jobs) -> None:
    """
    Rails: assert_no_enqueued_jobs
    Laravel: Queue::assertNothingPushed()
    Oban: refute_enqueued([])
    """
    assert jobs.enqueued == []


def test_none_inside_a_block(jobs: Jobs) -> None:
    """
    Rails: assert_no_enqueued_jobs { ... }
    """
    hello.enqueue("before")
    with jobs.window() as inside:
        hello.call("Ada")
    assert inside.enqueued == []
    jobs.ignore(hello)


def test_none_of_a_kind(jobs: Jobs) -> None:
    """
    Rails: assert_no_enqueued_jobs only: HelloJob
    Laravel: Queue::assertNotPushed(Hello::class)
    Oban: refute_enqueued(worker: Hello)
    """
    log.enqueue("visit")
    assert hello not in jobs.enqueued
    with pytest.raises(AssertionError):
        assert log not in jobs.enqueued


def test_none_but_of_a_kind_or_on_a_queue(jobs: Jobs) -> None:
    """
    Rails: assert_no_enqueued_jobs except: LogJob; assert_no_enqueued_jobs queue: "default"
    """
    log.enqueue("visit")
    assert jobs.enqueued.but(log) == []
    assert jobs.enqueued.on("default") == []
    jobs.ignore(log)


# Which were enqueued


def test_with_these_arguments(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_with job: HelloJob, args: ["Ada"]
    Laravel: Queue::assertPushed(Hello::class, fn ($job) => $job->name === "Ada")
    Sidekiq: assert_equal ["Ada"], HelloJob.jobs.last["args"]
    Oban: assert_enqueued worker: Hello, args: %{name: "Ada"}
    """
    hello.enqueue("Ada")
    assert hello.call("Ada") in jobs.enqueued
    assert hello.call(name="Ada") in jobs.enqueued
    with pytest.raises(AssertionError):
        assert hello.call("Grace") in jobs.enqueued


def test_with_these_arguments_inside_a_block(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_with(job: HelloJob, args: ["Ada"]) { ... }
    """
    hello.enqueue("before")
    with jobs.window() as inside:
        hello.enqueue("Ada")
    assert hello.call("Ada") in inside.enqueued
    assert hello.call("before") not in inside.enqueued
    jobs.ignore(hello)


def test_with_some_of_the_arguments(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_with job: HelloJob, args: ->(args) { args[1]["plan"] == "free" }
    Laravel: Queue::assertPushed(fn (Hello $job) => $job->data["plan"] === "free")
    Oban: assert_enqueued worker: Hello, args: %{data: %{plan: "free"}}
    """
    hello.enqueue("Ada", data={"plan": "free", "seats": 3})
    assert hello.partial(data={"plan": "free"}) in jobs.enqueued


def test_with_arguments_like_these(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_with job: HelloJob, args: ->(args) { ... }
    """
    hello.enqueue("Ada", data={"seats": 3, "price": 0.1 + 0.2})
    assert hello.partial(name=IsStr(regex="A.a"), data=ANY) in jobs.enqueued
    assert hello.partial(data={"seats": IsPositiveInt, "price": pytest.approx(0.3)}) in jobs.enqueued


def test_at_a_time(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_with job: HelloJob, at: Date.tomorrow.noon
    Oban: assert_enqueued worker: Hello, scheduled_at: {tomorrow, delta: 0}
    """
    hello.using(at=TOMORROW).enqueue("Ada")
    assert hello.call("Ada").at(TOMORROW) in jobs.enqueued
    assert hello.call("Ada").at(TOMORROW + timedelta(milliseconds=1)) not in jobs.enqueued


def test_after_a_delay_or_at_once(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_with job: HelloJob, at: 5.minutes.from_now; assert_enqueued_with job: HelloJob, at: nil
    Sidekiq: assert_in_delta 5.minutes.from_now.to_f, HelloJob.jobs.last["at"], 1
    Oban: assert_enqueued worker: Hello, scheduled_in: 300
    """
    hello.using(delay=timedelta(minutes=5)).enqueue("Ada")
    log.enqueue("visit")
    assert hello.call("Ada").after(timedelta(minutes=5)) in jobs.enqueued
    assert log.call("visit").now() in jobs.enqueued


def test_on_a_queue(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_with job: HelloJob, queue: "logs"
    Laravel: Queue::assertPushedOn("logs", Hello::class)
    Oban: assert_enqueued worker: Hello, queue: :logs
    """
    hello.using(queue="logs").enqueue("Ada")
    assert hello.call("Ada").on("logs") in jobs.enqueued
    with pytest.raises(AssertionError):
        assert hello.call("Ada").on("default") in jobs.enqueued


@pytest.mark.jobkit(needs=["priority"])
def test_with_a_priority(jobs: Jobs) -> None:
    """
    Rails: assert_enqueued_with job: HelloJob, priority: 5
    Oban: assert_enqueued worker: Hello, priority: 1
    """
    hello.using(priority=5).enqueue("Ada")
    assert hello.call("Ada").priority(5) in jobs.enqueued


@pytest.mark.jobkit(needs=["keys"])
def test_only_one_at_a_time(jobs: Jobs) -> None:
    """
    Laravel: ShouldBeUnique, and releaseUniqueJobLocks() in tests
    Oban: unique: [...]
    """
    assert hello.using(key="Ada").enqueue("Ada")
    assert not hello.using(key="Ada").enqueue("Ada")
    assert jobs.enqueued == [hello.call("Ada").key("Ada")]
    jobs.perform()
    assert hello.using(key="Ada").enqueue("Ada")
    jobs.perform()


def test_the_job_that_was_found(jobs: Jobs) -> None:
    """
    Rails: job = assert_enqueued_with(job: HelloJob); job.arguments
    Laravel: Queue::pushed(Hello::class)->first()
    Oban: assert [%{args: %{"name" => "Ada"}}] = all_enqueued(worker: Hello)
    """
    hello.enqueue("Ada")
    entry = jobs.enqueued.only(hello)
    assert entry.args == {"name": "Ada", "data": None}
    assert (entry.queue, entry.attempt, entry.due) == ("default", 0, jobs.now)


def test_the_only_one(jobs: Jobs) -> None:
    """
    Laravel: Queue::assertPushedOnce(Hello::class)
    """
    hello.enqueue("Ada")
    hello.enqueue("Grace")
    jobs.enqueued.only(hello.call("Ada"))
    with pytest.raises(AssertionError, match="2 times hello in jobs.enqueued, not once"):
        jobs.enqueued.only(hello)
    jobs.ignore(hello)


def test_in_this_order(jobs: Jobs) -> None:
    """
    Sidekiq: assert_equal [["Ada"], ["Grace"]], HelloJob.jobs.map { _1["args"] }
    """
    hello.enqueue("Ada")
    hello.enqueue("Grace")
    assert jobs.enqueued == [hello.call("Ada"), hello.call("Grace")]


# Performing


def test_what_is_due(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs
    Laravel: $this->artisan("queue:work --stop-when-empty")
    Sidekiq: Sidekiq::Job.drain_all
    Oban: assert %{success: 3} = Oban.drain_queue(queue: :default, with_recursion: true)
    """
    sign_up.enqueue("Ada")
    outcomes = jobs.perform()
    assert [outcome.state for outcome in outcomes] == ["succeeded"] * 3
    assert jobs.performed == [sign_up, hello, log]


def test_what_a_block_enqueues(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs { ... }
    Laravel: Queue::fake() left out, with QUEUE_CONNECTION=sync
    Sidekiq: Sidekiq.testing!(:inline) { ... }
    Oban: Oban.Testing.with_testing_mode(:inline, fn -> ... end)
    """
    with jobs.inline():
        sign_up.enqueue("Ada")
        assert hello.call("Ada") in jobs.performed


def test_some_of_what_a_block_enqueues(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs(only: HelloJob) { ... }
    Laravel: Queue::fake()->except([Hello::class])
    """
    with jobs.inline(only=hello):
        hello.enqueue("Ada")
        log.enqueue("visit")
    assert jobs.performed == [hello]
    assert jobs.pending == [log]


@pytest.mark.jobkit(perform="inline")
def test_everything_in_a_whole_test(jobs: Jobs) -> None:
    """
    Rails: queue_adapter.perform_enqueued_jobs = true
    Sidekiq: Sidekiq.testing!(:inline)
    Oban: use Oban.Testing, with testing: :inline in the config
    """
    hello.enqueue("Ada")
    assert jobs.performed == [hello]


def test_only_one_kind(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs only: HelloJob
    Sidekiq: HelloJob.drain
    """
    hello.enqueue("Ada")
    log.enqueue("visit")
    jobs.perform(only=hello)
    assert jobs.performed == [hello]
    assert jobs.pending == [log]  # what was left out stays enqueued


def test_all_but_one_kind(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs except: LogJob
    """
    hello.enqueue("Ada")
    log.enqueue("visit")
    jobs.perform(exclude=[log, pay])
    assert jobs.performed == [hello]
    assert jobs.pending == [log]


def test_one_queue(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs queue: "logs"
    Oban: Oban.drain_queue(queue: :logs)
    """
    hello.enqueue("Ada")
    log.enqueue("visit")
    jobs.perform(queue="logs")
    assert jobs.performed == [log]
    assert jobs.pending == [hello]


def test_those_with_these_arguments(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs only: ->(job) { job["arguments"] == ["Ada"] }
    """
    hello.enqueue("Ada")
    hello.enqueue("Grace")
    jobs.perform(only=hello.call("Ada"))
    assert jobs.pending == [hello.call("Grace")]


def test_exactly_one(jobs: Jobs) -> None:
    """
    Sidekiq: HelloJob.perform_one
    Oban: Oban.drain_queue(queue: :default, with_limit: 1)
    """
    hello.enqueue("Ada")
    hello.enqueue("Grace")
    assert jobs.perform_one().entry == hello.call("Ada")
    assert jobs.perform_one(hello.call("Grace")).value == "hello Grace"
    with pytest.raises(AssertionError, match="no job is due: nothing is pending"):
        jobs.perform_one()


def test_not_what_they_enqueue(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs without a block, which makes one pass
    Oban: Oban.drain_queue(queue: :default, with_recursion: false)
    """
    sign_up.enqueue("Ada")
    jobs.perform(only=sign_up)
    assert jobs.pending == [hello.call("Ada").by(sign_up), log.call("signed up").by(sign_up)]


def test_when_their_time_has_come(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs(at: 1.day.from_now)
    Sidekiq: drained at once, whatever their time
    Oban: Oban.drain_queue(queue: :default, with_scheduled: tomorrow)
    """
    hello.using(delay=timedelta(days=1)).enqueue("Ada")
    jobs.perform()
    assert hello in jobs.pending  # not before its time
    jobs.advance(days=1)
    assert hello.call("Ada") in jobs.performed


def test_jobs_that_enqueue_each_other_for_ever(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs { ... }, which does not end
    Sidekiq: AgainJob.drain, which does not end
    """
    again.enqueue(0)
    with pytest.raises(TooManyPerforms, match=r"again\(number=0\) -> again\(number=1\) -> "):
        jobs.perform(limit=20)
    jobs.ignore(again)


def test_one_job_alone(jobs: Jobs) -> None:
    """
    Rails: HelloJob.perform_now("Ada")
    Laravel: (new Hello("Ada"))->handle()
    Sidekiq: HelloJob.new.perform("Ada")
    Oban: assert {:ok, "hello Ada"} = perform_job(Hello, %{name: "Ada"})
    """
    outcome = jobs.run(hello.call("Ada"))  # through coder, middlewares and rules
    assert (outcome.state, outcome.value) == ("succeeded", "hello Ada")
    assert jobs.enqueued == []
    assert hello("Ada") == "hello Ada"  # the plain function


# How many and which were performed


def test_so_many_performed(jobs: Jobs) -> None:
    """
    Rails: assert_performed_jobs 2
    """
    hello.enqueue("Ada")
    log.enqueue("visit")
    assert jobs.performed == []
    jobs.perform()
    assert jobs.performed == [hello, log]


def test_so_many_performed_of_a_block(jobs: Jobs) -> None:
    """
    Rails: assert_performed_jobs(3) { ... }
    """
    with jobs.window() as inside, jobs.inline():
        sign_up.enqueue("Ada")
    assert sorted(entry.job_name.rpartition(".")[2] for entry in inside.performed) == ["hello", "log", "sign_up"]
    assert len(inside.performed) == 3


def test_so_many_performed_by_kind_and_queue(jobs: Jobs) -> None:
    """
    Rails: assert_performed_jobs 1, only: HelloJob; except: LogJob; queue: "logs"
    """
    hello.enqueue("Ada")
    log.enqueue("visit")
    jobs.perform()
    assert jobs.performed.of(hello) == [hello]
    assert jobs.performed.but(log) == [hello]
    assert jobs.performed.on("logs") == [log]


def test_none_performed(jobs: Jobs) -> None:
    """
    Rails: assert_no_performed_jobs; assert_no_performed_jobs only: HelloJob
    Laravel: Bus::assertNothingDispatched()
    """
    log.enqueue("visit")
    jobs.perform()
    assert hello not in jobs.performed
    assert jobs.performed.but(log) == []


def test_performed_with(jobs: Jobs) -> None:
    """
    Rails: assert_performed_with job: HelloJob, args: ["Ada"], at: nil, queue: "default", priority: nil
    """
    hello.using(priority=3).enqueue("Ada")
    jobs.perform()
    assert hello.call("Ada").on("default").now().priority(3) in jobs.performed
    entry = jobs.performed.only(hello)
    assert (entry.state, entry.attempt) == ("succeeded", 1)
    with pytest.raises(AssertionError):
        assert hello.call("Grace") in jobs.performed


def test_performed_with_of_a_block(jobs: Jobs) -> None:
    """
    Rails: assert_performed_with(job: HelloJob, args: ["Ada"]) { ... }
    """
    with jobs.inline(), jobs.window() as inside:
        hello.enqueue("Ada")
    assert hello.call("Ada") in inside.performed


def test_what_a_job_enqueued(jobs: Jobs) -> None:
    """
    Laravel: Bus::assertChained([Hello::class, Log::class])
    Sidekiq: SignUpJob.perform_one; assert_equal 1, HelloJob.jobs.size
    """
    outcome = jobs.run(sign_up.call("Ada"))
    assert outcome.children == [hello.call("Ada"), log.call("signed up")]
    jobs.perform()
    assert hello.call("Ada").by(sign_up) in jobs.performed


# Jobs that fail


def test_an_error_that_no_rule_covers(jobs: Jobs) -> None:
    """
    Rails: assert_raises(ValueError) { perform_enqueued_jobs }
    Sidekiq: assert_raises(ValueError) { PayJob.drain }
    Oban: Oban.drain_queue(queue: :default, with_safety: false)
    """
    pay.enqueue(15)
    with pytest.raises(ValueError, match="a bug"):
        jobs.perform()
    assert pay.call(15) in jobs.dead
    assert jobs.performed == []  # what raised was not performed


def test_a_retry(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs, and assert_enqueued_with job: PayJob, at: 1.minute.from_now
    Laravel: $job->withFakeQueueInteractions(); $job->handle(); $job->assertReleased(delay: 60)
    Oban: assert {:snooze, 60} = perform_job(Pay, %{order_id: 13})
    """
    outcome = jobs.run(pay.call(13))
    assert (outcome.state, outcome.retry_in) == ("retrying", 60)

    pay.enqueue(13)
    jobs.perform()
    assert pay.call(13) in jobs.pending  # no new entry: the same job, later
    assert jobs.enqueued == [pay]


def test_all_retries(jobs: Jobs) -> None:
    """
    Rails: perform_enqueued_jobs { ... }, and assert_performed_jobs 3
    Sidekiq: retries are not performed in tests
    Oban: assert %{failure: 3} = Oban.drain_queue(queue: :default, with_scheduled: true)
    """
    pay.enqueue(13)
    jobs.advance(hours=1)
    assert [entry.attempt for entry in jobs.failed] == [1, 2, 3]
    assert pay.call(13) in jobs.dead


def test_the_world_changes_between_attempts(jobs: Jobs) -> None:
    """
    Rails: stubs that count their calls
    """
    answers: list[str] = []
    jobs.before_attempt(pay, 2, lambda: answers.append("the bank is back"))
    pay.enqueue(13)
    jobs.advance(minutes=1)
    assert answers == ["the bank is back"]
    assert jobs.failed.count(pay) == 2


def test_the_last_attempt(jobs: Jobs) -> None:
    """
    Rails: job.executions = 2; job.perform_now
    Laravel: $job->assertFailedWith(ConnectionException::class)
    Oban: perform_job(Pay, %{order_id: 13}, attempt: 3)
    """
    outcome = jobs.run(pay.call(13), attempt=3)
    assert outcome.state == "dead"
    assert isinstance(outcome.error, ConnectionError)


def test_a_discarded_job(jobs: Jobs) -> None:
    """
    Rails: discard_on LookupError, and assert_nothing_raised { perform_enqueued_jobs }
    Laravel: $job->assertDeleted()
    Oban: assert {:cancel, _} = perform_job(Pay, %{order_id: 14})
    """
    pay.enqueue(14)
    jobs.perform()
    assert jobs.failed.only(pay).state == "discarded"
    assert jobs.dead == []


@pytest.mark.jobkit(needs=["checkpoints"])
def test_interrupted_in_the_middle(jobs: Jobs) -> None:
    """
    Rails: interrupt_job_during_step ImportJob, :rows, cursor: 2 { perform_enqueued_jobs }
    """
    import_rows.enqueue()
    with pytest.raises(ConnectionError):
        jobs.perform(only=import_rows)
    assert jobs.enqueued == [import_rows, log.call("row 0"), log.call("row 1")]
    assert jobs.run(import_rows.call(), attempt=2, checkpoint=2).children == [log.call("row 2"), log.call("row 3")]


def test_the_store_is_down(jobs: Jobs) -> None:
    """
    Rails: HelloJob.stub :perform_later, -> { raise ... }
    """
    with jobs.broker_down(), pytest.raises(jobkit.BackendUnavailable):
        hello.enqueue("Ada")
    assert jobs.enqueued == []


# Where tests run


def test_real_workers(jobs: Jobs) -> None:
    """
    Rails: queue_adapter_for_test
    Oban: assert_enqueued [worker: Hello], 100
    """
    hello.enqueue("Ada")
    with pytest.raises(AssertionError, match="not performed within 0.01 seconds"):
        jobs.wait_for(hello, timeout=0.01)  # here nobody works; see the guide: Beside real workers
    jobs.perform()
    assert jobs.wait_for(hello).state == "succeeded"


@pytest.mark.jobkit(backend=["inline", "sqlite"])
def test_another_backend(jobs: Jobs, jobkit_backend: str) -> None:
    """
    Rails: def queue_adapter_for_test = ...
    Laravel: QUEUE_CONNECTION=redis
    Sidekiq: Sidekiq.testing!(:disable)
    """
    hello.enqueue("Ada")
    jobs.perform()
    assert hello.call("Ada") in jobs.performed  # also for a whole run: pytest --jobkit-backend=inline,sqlite
    assert jobkit_backend in ("inline", "sqlite")


def test_each_test_begins_with_nothing(jobs: Jobs) -> None:
    """
    Rails: before_setup, after_teardown
    Laravel: Queue::fake() in setUp()
    Sidekiq: Sidekiq::Job.clear_all
    """
    assert jobs.enqueued == jobs.pending == jobs.performed == jobs.failed == jobs.dead == []


def test_arguments_that_do_not_survive_the_way(jobs: Jobs) -> None:
    """
    Rails: ActiveJob::SerializationError
    Laravel: Queue::fake()->serializeAndRestore()
    Sidekiq: Sidekiq.strict_args!
    """
    with pytest.raises(jobkit.LossyArgument):
        hello.enqueue("Ada", data={"when": {1, 2}})
    with pytest.raises(jobkit.SignatureMismatch, match="did you mean 'name'"):
        hello.enqueue(nmae="Ada")  # type: ignore[call-arg]
