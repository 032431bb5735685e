"""Every rule of the contract, as data: what it says, what it needs, why, and where to look when it fails.

Ids are never reused and never renumbered. A rule is judged when everything that it needs is claimed:

- an option or a promise of ``Capabilities`` by its name (``shared|durable``: one of them);
- ``clock``: a clock that the kit can move; ``skew``: one that is not the host's;
- ``hook:NAME``: a hook of the harness;
- ``worker``: judges jobkit's worker over the backend, not the backend.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CONTRACT: Final = 1
"""Of these rules. Rules may become stricter; an id's meaning stays."""

FAMILIES: Final = {
    "B": "bodies and fields",
    "E": "enqueue",
    "R": "reserve",
    "L": "leases",
    "S": "settling",
    "T": "time",
    "O": "order",
    "K": "keys",
    "X": "cancelling",
    "I": "looking",
    "P": "pause, checkpoints, cells",
    "D": "durability and faults",
    "G": "growth",
    "C": "conduct",
    "W": "the worker",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence that one test can break."""

    id: str
    sentence: str
    needs: tuple[str, ...] = ()
    reason: str = ""
    """Why anybody wants it."""
    look: str = ""
    """Where to look when it fails."""
    bugs: tuple[str, ...] = ()
    """Real bugs that it would have caught."""

    @property
    def family(self) -> str:
        return self.id[0]

    @property
    def judges_worker(self) -> bool:
        return "worker" in self.needs


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "B1",
        "The delivered body is byte for byte what was enqueued, from empty to max_body, for every byte "
        "value, on every path: ready, delayed, retried, released, crashed, requeued from the dead.",
        reason=(
            "A body that comes back changed is another job, and the change shows far from its cause, if it "
            "shows at all."
        ),
        look=(
            "How bodies are encoded for the store (text where bytes are meant), scripts that pass them "
            "through JSON or Lua numbers, and every path that writes a message anew."
        ),
        bugs=("sidekiq #2478", "verk #165"),
    ),
    Rule(
        "B2",
        "Headers, queue, priority, key and id come back as enqueued on every one of these paths.",
        reason="Headers carry a job's name and all that travels with it: without them nobody can perform it.",
        look=(
            "What retry, release, recovery and requeue write back: the whole message, or the parts that "
            "somebody thought of."
        ),
        bugs=("pg-boss #529", "pg-boss #564"),
    ),
    Rule(
        "B3",
        "Ids, queues, keys and namespaces are 1 to 255 bytes of UTF-8 without control and surrogate code "
        "points, compared byte by byte, never normalised; glob, brace and colon characters are ordinary.",
        reason="Names come from users: tenants, mail addresses, paths. Two that differ are two, and none is a pattern.",
        look=(
            "How names become keys of the store: escaping, glob patterns, hash tags, collations, case "
            "folding, normal forms."
        ),
    ),
    Rule(
        "B4",
        "Times in 0 to 2**53 - 1, delivery numbers and attempts below 2**31, and priorities in range "
        "survive exactly; outside is refused.",
        reason="A number that is rounded on its way sets a job off at another time, or under another name.",
        look="Numbers that pass through doubles, Lua's tostring (14 digits), 32-bit columns, or seconds.",
        bugs=("bull #244", "bull PR 452", "bullmq #4242"),
    ),
    Rule(
        "B5",
        "Changing what was passed in, or what was delivered, changes nothing stored.",
        reason=(
            "The caller goes on using its own objects, and a second attempt has to see what was enqueued and "
            "not what the first one did to it."
        ),
        look="Whether the store keeps the caller's object or a copy of it, and whether it hands out its own.",
        bugs=("taskiq PR 154", "pydiverse.pipedag PR 137"),
    ),
    Rule(
        "B6",
        "What can't be stored (kind, size, number) is refused with InvalidMessage before anything of the "
        "call is stored or sent; nothing is split or cut silently.",
        reason="What is refused late has been half stored, and what is cut to fit is another job.",
        look=(
            "Whether everything of a call is checked before the first write, and what the driver does with a "
            "value of another type."
        ),
        bugs=("bullmq #2234", "unstract PR 2217"),
    ),
    Rule(
        "E1",
        "A batch is judged in one step, in order: an earlier message counts for a later one; what is "
        "accepted becomes visible together; other outcomes do not stop the rest; id is judged before key.",
        reason=(
            "To its caller a batch is one step: its own messages must not race each other, and nobody may act "
            "on a half."
        ),
        look=(
            "Whether a batch is one script or transaction, and whether each message is checked against those "
            "that the same batch has stored."
        ),
        bugs=("good_job #325",),
    ),
    Rule(
        "E2",
        "InvalidMessage, Unsupported and a fault store none of the batch; the empty batch succeeds.",
        reason="After an error the caller repeats the batch or gives it up; half of it being there helps neither.",
        look="Checks that come after the first write: scripts do not roll back.",
    ),
    Rule(
        "E3",
        "An id that is live or dead is a duplicate (everything submitted equal) or a conflict (anything "
        "differs); neither changes anything.",
        reason="Who chooses ids can repeat an enqueue without fear, and is told when two jobs got the same one.",
        look="Whether an id that is there is compared with what is stored, in every state of its job, or overwritten.",
    ),
    Rule(
        "E4",
        "A backend's own repeat of a call has no second effect within repeat_window, whatever happened to "
        "its jobs meanwhile.",
        needs=("hook:drop",),
        reason=(
            "A reply that is lost leaves a backend in doubt; when it asks again by itself, the caller can't "
            "know, and may not pay for it."
        ),
        look=(
            "How a call that is sent again is recognised: an id of the call that the store remembers together "
            "with its answer."
        ),
        bugs=("sidekiq #3303", "sidekiq #6770", "celery #4671"),
    ),
    Rule(
        "E5",
        "A caller's repeat after BackendUnavailable, with the same ids, stores nothing twice while the "
        "jobs are live or dead.",
        reason="After a fault nobody knows what was stored. Enqueuing the same again has to be the cure.",
        look="Whether the same ids are known while their jobs live, also when only a part of the batch had arrived.",
        bugs=("sidekiq #3303",),
    ),
    Rule(
        "E6",
        "An id used again after its job ended, is not kept as dead and is no longer remembered, is a new "
        "job in every respect: attempt 1, no error, no key, no lease, full limits.",
        reason=(
            "What is left of an ended job (its result, its error, its attempts, its cancel) must not weigh on "
            "the next one with its id."
        ),
        look="What each end of a job leaves under its id, and what enqueue takes over from it.",
        bugs=("arq #137", "arq #432", "arq #531", "asynq #492"),
    ),
    Rule(
        "E7",
        "A message may say how long its id stays known after its end (done, cancelled, or dropped from "
        "the dead by retention); it does, exactly so long, whatever the repeated message holds; deleting "
        "and purging forget at once.",
        needs=("remember", "clock"),
        reason="A tick of a schedule, or a payment, must not be performed again because it was over so quickly.",
        look="From which instant the time counts (the end, not the enqueue), and which clock ends it.",
        bugs=("arq #196", "taskiq #244"),
    ),
    Rule(
        "E8",
        "What was enqueued before the first reserve ever is delivered; what never was never is.",
        reason="The first deployment enqueues before its first worker is up.",
        look="Where a new consumer begins to read: from the first message there is, or from those that come after it.",
        bugs=("taskiq-redis 1.2.4", "taskiq-redis #115"),
    ),
    Rule(
        "E9",
        "Queues do not see each other.",
        reason="Queues separate what may wait from what may not.",
        look="How the queue's name becomes a part of keys, indexes and patterns.",
    ),
    Rule(
        "E10",
        "Namespaces do not see each other, on one server, with equal ids and with names that are prefixes "
        "of each other.",
        reason="Several apps share one server, and none may see, end or block the others' jobs.",
        look=(
            "Keys that join namespace and name without escaping, tokens that name no namespace, sweeps over "
            "the whole store."
        ),
        bugs=("river #1105",),
    ),
    Rule(
        "E11",
        "Two messages equal in all but id are two jobs.",
        reason="Two customers may order the same.",
        look="Whether anything but the id identifies a job: a set of payloads makes two of them one.",
        bugs=("wakaq (equal payloads)",),
    ),
    Rule(
        "R1",
        "While a lease is live no other reserve grants its message: any number of clients, processes, batches.",
        reason="Two workers with one job are two mails, two charges, two of everything.",
        look="Whether looking for a message and taking it are one step.",
        bugs=("machinery PR 646", "sidekiq PR 1495", "sidekiq-rs PR 50", "oxana PR 39"),
    ),
    Rule(
        "R2",
        "A reserve grants at most limit, without repeats in an answer; it returns once at least one can "
        "be granted, with as many as can be then; nothing due and wait over: an empty answer, promptly.",
        reason=(
            "A worker has room for so many jobs: what it is granted beyond that waits for nothing, and what "
            "it is not granted waits for longer."
        ),
        look="How the limit is kept over several queues and priorities, and whether a wait ends when it should.",
    ),
    Rule(
        "R3",
        "Waiting takes nothing: cancelling a waiting reserve, at any await, takes no message, costs no "
        "attempt, and leaves the client usable; what a cancelled taking step took is released.",
        needs=("wait",),
        reason="Workers are stopped while they wait; no job may pay for that.",
        look=(
            "What happens to a blocking call on the server when its caller is gone, and to an answer that is "
            "already on its way."
        ),
        bugs=(
            "aioredis PR 59",
            "valkey-glide #4673",
            "redis-py #2624",
            "redis-py #2665",
            "redis-py #2028",
            "celery #4354",
        ),
    ),
    Rule(
        "R4",
        "Whatever command the process dies after, each message is granted again within the lease plus slack.",
        needs=("shared|durable", "clock"),
        reason="Processes die between any two commands.",
        look="Whether a job leaves where it waited and arrives where it is leased in one step, in recovery too.",
        bugs=("rq #2236", "rq #580", "resque #16", "kombu #305", "kombu #1405", "taskiq-redis #131", "asynq PR 1158"),
    ),
    Rule(
        "R5",
        "A waiting reserve is woken by an enqueue, by due times and by lease ends, also those that arise "
        "while it waits; no wake is lost: a hundred jobs wake ten one-slot waiters.",
        needs=("wait",),
        reason="A wake that is lost is a job that waits for the next one, or for a timeout, on an idle system.",
        look=(
            "Who is woken by what: also by what becomes due or ends while somebody waits, and what a woken "
            "waiter leaves undone."
        ),
        bugs=("taskiq-redis #104",),
    ),
    Rule(
        "L1",
        "A message whose lease ran out is grantable by itself from that instant: on an idle store, "
        "without traffic, without restart, however long ago, five hundred as well as one.",
        needs=("clock",),
        reason="When a worker is lost nobody is there to say so.",
        look=(
            "Whether a lease's end is a question put to the clock, or an event that somebody has to perform; "
            "and how many come back at a time."
        ),
        bugs=(
            "sidekiq #5540",
            "sidekiq #4937",
            "kombu #164",
            "kombu PR 2558",
            "oban #424",
            "rq #507",
            "graphile-worker #204",
            "taskiq-redis 1.2.4",
        ),
    ),
    Rule(
        "L2",
        "The first delivery has attempt 1; the next has the attempt of this one, plus one unless this one "
        "ended by release; a reply that never arrived counts as a delivery.",
        needs=("clock",),
        reason=(
            "Retry rules stand on this number: a crash that does not count is a job that kills workers for "
            "ever, a release that counts is a job that deployments kill."
        ),
        look="Every path that grants a message, and every one that gives it back: which of them counts, and when.",
        bugs=("dramatiq #213", "sidekiq #4633", "bullmq #1094", "bullmq #892", "faktory #409", "arq #267"),
    ),
    Rule(
        "L3",
        "The delivery number of a job grows with every delivery, requeues included.",
        reason="It orders everything that ever happened to a job, in logs and in proofs.",
        look="Whether the number is kept apart from the attempt, which begins again.",
    ),
    Rule(
        "L4",
        "Tokens never repeat: across jobs, lives of an id, restarts, failovers (random, at least 96 bits).",
        reason="A token is the proof of who holds a lease: one that comes again lets the dead act for the living.",
        look="What tokens are made of: counters, times and names of hosts repeat themselves.",
        bugs=("oxana #154", "rq #787"),
    ),
    Rule(
        "L5",
        "A stale settle or extend changes nothing and says so.",
        needs=("clock",),
        reason="A worker that was paused for a minute does not know it; the store has to.",
        look="Whether the owner is checked in the same step that settles or extends.",
        bugs=("bull #308", "bull PR 311", "redbeat #127", "solid_queue #589", "tasktiger PR 9", "streaq 7.2.0"),
    ),
    Rule(
        "L6",
        "Of a settle and the next reserve exactly one wins; until then a settle is accepted however late, "
        "and no delivery follows a settled done or dead.",
        needs=("clock",),
        reason="A job that was done is done: that its worker was slow to say so is no reason to do it again.",
        look=(
            "Whether settling checks the lease's end (it should not) or whether somebody else was granted the "
            "message (it should)."
        ),
        bugs=("docket #245", "mastra PR 23698"),
    ),
    Rule(
        "L7",
        "Extend is refused from the lease's end on (lease expired), also when nobody took the message.",
        needs=("clock",),
        reason="From its end on a lease promises nothing; whoever asks is better told than deceived.",
        look="Whether extend looks at the clock, in the same step.",
        bugs=("redbeat #127",),
    ),
    Rule(
        "L8",
        "Every attempt has its full lease, an extended one counts from the extension.",
        needs=("clock",),
        reason="A lease that is shorter than it was said to be is a job that runs twice.",
        look="From when the end is counted: this grant, this extension.",
        bugs=("taskiq-redis #101", "pgqueuer #430", "pgqueuer #323", "hexpm PR 1825"),
    ),
    Rule(
        "L9",
        "Of n due messages of no lower priority each is granted once before a redelivered one is granted twice.",
        needs=("clock",),
        reason="One job that crashes its workers must not keep the others from them.",
        look="Where a message that comes back is placed: at the front it is the next one again.",
        bugs=("bee-queue #52",),
    ),
    Rule(
        "L10",
        "The end that a delivery carries is the instant that the backend enforces.",
        needs=("clock",),
        reason="Workers plan by the end that they were told.",
        look="Whether what is answered is what is stored: rounding, another clock, the largest lease of all.",
        bugs=("arq #402", "delayed_job #1208"),
    ),
    Rule(
        "S1",
        "Done removes the message and all that was kept for it, but what is declared as retained.",
        reason="What ended must not come back, and must not stay.",
        look="Whether settling removes all parts of a job in one step: message, lease, attempts, key.",
        bugs=("solid_queue #589",),
    ),
    Rule(
        "S2",
        "Retry is one step: at no instant zero copies, or two.",
        reason="In between two steps a process dies, and the job is lost or doubled.",
        look="Whether a retry is a move, or an enqueue and an end.",
        bugs=("dramatiq #431", "dramatiq PR 852", "sidekiq #4138", "celery #537"),
    ),
    Rule(
        "S3",
        "A retried message is never granted before its time.",
        needs=("delay", "clock"),
        reason="A backoff that is cut short is a hammer on what is down.",
        look="Whether retried messages wait in the same order as delayed ones, and by which clock.",
        bugs=("bull #187",),
    ),
    Rule(
        "S4",
        "Release makes a message grantable at once.",
        reason="A worker that stops gives back what it can't finish; nobody should wait for its leases.",
        look="Whether release ends the lease, or leaves it to run out.",
        bugs=("faktory #268",),
    ),
    Rule(
        "S5",
        "A dead job keeps body, fields, attempts and reason, whatever text the reason holds; it is listed once.",
        needs=("dead_letters", "inspect"),
        reason="A dead job is a letter to somebody who has to understand what went wrong.",
        look="How reasons are encoded and cut, and whether a job dies with all that it had.",
        bugs=("huey #815", "huey #649", "celery #6185"),
    ),
    Rule(
        "S6",
        "Requeue: attempt 1, due now, the delivery number goes on.",
        needs=("dead_letters",),
        reason="Who requeues has mended the cause, and wants a fresh start.",
        look="What is reset (attempt, reason, due time) and what is not (the delivery number).",
    ),
    Rule(
        "S7",
        "Retention that drops a dead job drops all of it, and says so.",
        needs=("dead_letters", "retention", "inspect", "clock"),
        reason="What is kept for some time and then dropped by halves is neither there nor gone.",
        look="Whether retention drops message, reason, index and count together.",
    ),
    Rule(
        "S8",
        "The same token twice: the first settles, the second is stale.",
        reason=(
            "Settling is repeated when replies are lost: it must not count twice, nor pass for success when "
            "it was somebody else's."
        ),
        look="Whether a token ends with its first settle.",
        bugs=("sidekiq #6770",),
    ),
    Rule(
        "S9",
        "One stale item does not spoil its batch.",
        reason="A worker settles what ended in batches; one lost lease among them is none of the others' business.",
        look="Whether a batch stops at the first item that can't be settled.",
        bugs=("procrastinate #1446", "procrastinate #1543", "hyrex PR 130"),
    ),
    Rule(
        "T1",
        "A message is never granted before its since, on the backend's one clock.",
        needs=("delay", "clock"),
        reason="A reminder that comes early is wrong, an invoice too.",
        look=(
            "Rounding to seconds, delays that overflow, and delayed messages that pass through a place where "
            "they can be taken."
        ),
        bugs=("kombu #337", "bull #187", "rq registry.py:650", "good_job PR 1543"),
    ),
    Rule(
        "T2",
        "A message is grantable from its since on, within slack; past due times are now.",
        needs=("delay", "clock"),
        reason="A time that is past is a time that has come.",
        look="Whether somebody has to run for delayed messages to become due, and what a due time in the past does.",
        bugs=("arq PR 479", "celery #1307", "rq #1624"),
    ),
    Rule(
        "T3",
        "Clients skewed or drifting by an hour, host time zones, daylight saving change nothing; from "
        "parts of a second to a hundred years.",
        needs=("delay", "clock"),
        reason="Hosts are off by minutes, and in the wrong zone; clocks are put forward and back.",
        look="Which clock a duration is added to (the store's), and whether local time occurs anywhere.",
        bugs=(
            "rq PR 1258",
            "rq #2352",
            "celery #855",
            "celery PR 3867",
            "huey 3.5.4",
            "sidekiq #2800",
            "redisson #2851",
        ),
    ),
    Rule(
        "T4",
        "A due time far beyond any lease is delivered once.",
        needs=("delay", "clock"),
        reason="What waits for a month is not being worked on for a month.",
        look="Whether waiting messages are ever treated as leased ones.",
        bugs=("kombu #337", "celery #2481", "celery #4400", "celery #7009"),
    ),
    Rule(
        "T5",
        "Becoming due is not an event that somebody has to perform: 10,000 due at one instant are "
        "grantable then, in their place by O1, whoever crashed meanwhile, with steps bounded by slice.",
        needs=("delay", "clock"),
        reason="Midnight is when ten thousand jobs fall due at once.",
        look=(
            "Whether due messages are moved before they are ranked, how many at a time, and what is lost when "
            "that fails half way."
        ),
        bugs=(
            "async-job (unpack of 9,000)",
            "dramatiq #258",
            "dramatiq #433",
            "sidekiq PR 843",
            "huey #225",
            "rq #1354",
        ),
    ),
    Rule(
        "T6",
        "A due message is not hidden behind any number that are not due.",
        needs=("delay",),
        reason="A queue full of reminders for next year still has a mail to send today.",
        look="Whether reserve looks at a window of messages, of which none may be due.",
    ),
    Rule(
        "O1",
        "Reserve grants by higher priority (priority), then earlier since, then earlier enqueue sequence "
        "(fifo): the order of acceptance, kept for life; without the option or promise that part is "
        "skipped.",
        reason="Order is what users see, and what they build on once they have seen it.",
        look=(
            "The direction of priorities, which end of a list is taken from, and what breaks ties within a millisecond."
        ),
        bugs=(
            "celery #8967",
            "celery PR 10238",
            "celery PR 5874",
            "sidekiq-rs PR 12",
            "bullmq #2387",
            "bullmq #1929",
            "bull PR 186",
        ),
    ),
    Rule(
        "O2",
        "Acceptance times never run backwards within a namespace.",
        reason="Who was accepted first is first, also on the night when the host's clock is corrected.",
        look="Whether times that order jobs are bounded from below by those given before.",
        bugs=("sidekiq #2800",),
    ),
    Rule(
        "O3",
        "Priority is kept on every path: ready, delayed, retried, released, crashed, requeued from the dead.",
        needs=("priority",),
        reason="A job does not become less urgent by failing.",
        look="What retry, release, recovery and requeue write back as priority.",
        bugs=("kombu #2026",),
    ),
    Rule(
        "K1",
        "At most one live message for a key in a namespace; 64 concurrent enqueues accept one, the others "
        "learn which id holds it.",
        needs=("keys",),
        reason="One import at a time, one mail a customer: that is what a key is for.",
        look="Whether looking for the holder and storing are one step.",
        bugs=("good_job #325", "arq #196"),
    ),
    Rule(
        "K2",
        "Every end of life (done, dead, cancelled, deleted, purged) frees the key in the same step.",
        needs=("keys",),
        reason="A key that outlives its job is work that silently never happens again.",
        look="Every path on which a job ends, and whether it frees the key in the same step.",
        bugs=(
            "asynq #275",
            "asynq PR 276",
            "asynq #492",
            "huey #308",
            "huey #663",
            "streaq #38",
            "sidekiq-unique-jobs #379",
            "sidekiq-unique-jobs #861",
        ),
    ),
    Rule(
        "K3",
        "Nothing else frees a key: not release, retry, a crash, coming due, a requeue refused.",
        needs=("keys",),
        reason="A key that is freed too early lets the second one in.",
        look="Whether a job that is given back, comes due or comes back collides with its own key, or loses it.",
        bugs=("sidekiq #2499", "sidekiq-unique-jobs #812"),
    ),
    Rule(
        "X1",
        "A scheduled or ready message is gone at once and for good when cancelled, with no worker up.",
        needs=("cancel",),
        reason="Who cancels an order does not care which workers are up.",
        look="Whether a cancel is stored with the job, or told to workers that may not be there.",
        bugs=("celery #1007", "django-celery-results #423", "readthedocs/common PR 109"),
    ),
    Rule(
        "X2",
        "A leased message that is cancelled is marked: each extend still extends and says cancel requested; done "
        "ends it as done, any other settle as cancelled; at its lease's end it is over by itself, key "
        "freed, at that instant, its token stale; never granted again.",
        needs=("cancel", "clock"),
        reason="A running job can only be told; but it must be over in the end, and its key free.",
        look="Who ends a cancelled job whose worker was lost, and at which instant.",
        bugs=("saq PR 213", "saq #126"),
    ),
    Rule(
        "X3",
        "Cancelling an unknown id has no later effect.",
        needs=("cancel",),
        reason="A cancel that came too late must not lie in wait for the next job.",
        look="What is written down for an id that is not there.",
        bugs=("arq #485",),
    ),
    Rule(
        "I1",
        "With no call in flight, counts and get are exact; each job is in exactly one state.",
        needs=("inspect",),
        reason="Operators act on these numbers.",
        look="Counters that are kept beside what they count, and states that need an event to change.",
        bugs=("rq #2236", "saq #126"),
    ),
    Rule(
        "I2",
        "Looking changes nothing, but the looking itself.",
        needs=("inspect", "clock"),
        reason="A dashboard that is open all night must not be what keeps the system alive.",
        look="Whether reading promotes, reclaims, expires or touches anything.",
    ),
    Rule(
        "I3",
        "Purge and delete remove exactly those in that state at that step, at most limit; leased can't be "
        "purged; a deleted leased job's token is stale.",
        needs=("inspect",),
        reason="Who removes jobs means those, and no others.",
        look="Whether the state is judged in the same step that removes, and what is left of the lease.",
        bugs=("asynq #275",),
    ),
    Rule(
        "I4",
        "Peek with its cursor lists each job once, in declared order.",
        needs=("inspect",),
        reason="Lists that skip or repeat are lists that nobody can work through.",
        look="What a cursor is: a place in the order, or a number of jobs to skip.",
    ),
    Rule(
        "P1",
        "A paused queue grants nothing, a reserve across queues skips it, settles and leases go on, counts say so, "
        "it survives a restart as claimed.",
        needs=("pause",),
        reason="Pausing is what operators do first when something goes wrong.",
        look=(
            "Whether reserve looks at the pause in the step that takes, also for those who wait since before it; what "
            "else looks at it, though it should not: settle, extend, cancel; and whether resuming wakes anybody."
        ),
    ),
    Rule(
        "P2",
        "A checkpoint is fenced by the token, returned with the next delivery, ends with the job.",
        needs=("checkpoints", "clock"),
        reason="A long job resumes where it was, and only its holder says where that is.",
        look=(
            "Whether a checkpoint is written in the step that checks the token and the lease's end, what carries it "
            "over a retry and a crash, and what forgets it: being dead is an end too, so a requeued job begins "
            "without, as it does with attempt 1."
        ),
    ),
    Rule(
        "P3",
        "A cell is set only at its expected version; one that was never set has version 0, and versions only grow.",
        needs=("cells",),
        reason="Two schedulers must not both move the same tick.",
        look="Whether comparing and setting are one step, and whether an empty value is a value.",
        bugs=("redbeat #127",),
    ),
    Rule(
        "D1",
        "Accepted jobs, leases, attempts, keys, due times survive a restart of the store, within the declared level.",
        needs=("durable", "clock", "hook:restart"),
        reason="Servers restart.",
        look="What is kept in memory only: leases, attempts, keys, due times.",
        bugs=("celery #1307", "river #791"),
    ),
    Rule(
        "D2",
        "After a transient fault (dropped before or after the server saw it, bytes swallowed, restart, "
        "script flush, failover) the same client goes on.",
        needs=("hook:drop",),
        reason="Networks fail for a second all the time, and nobody restarts workers for that.",
        look="Whether connections are opened again, scripts loaded again, and replies that belong to nobody discarded.",
        bugs=(
            "celery #8030",
            "celery #4453",
            "bee-queue #489",
            "sidekiq #2240",
            "bull #1738",
            "asynq #854",
            "arq #386",
            "kombu #1063",
        ),
    ),
    Rule(
        "D3",
        "No single failing command loses an accepted job, within the declared level.",
        needs=("hook:drop",),
        reason="Whatever can fail, fails once.",
        look="Each command of each verb: what is there when it alone does not happen.",
        bugs=("sidekiq #1322", "sidekiq #4138", "celery #537", "kombu #1405", "saq 0.26.4"),
    ),
    Rule(
        "D4",
        "When the store is full, enqueue is refused; extend and every settle still work.",
        needs=("hook:fill",),
        reason="A full store has to drain, or it stays full.",
        look="Which commands the store refuses when it is full: a script that begins with a write is among them.",
        bugs=("sidekiq #5558", "bull #433", "bull #416"),
    ),
    Rule(
        "D5",
        "A store set up so that it may drop live data (eviction) is refused or reported when opened.",
        needs=("hook:evicting",),
        reason="A cache drops what it likes; jobs are not a cache.",
        look="Whether the store's settings are read when it is opened.",
        bugs=("kombu #1063", "kombu #236", "asynq PR 1158"),
    ),
    Rule(
        "D6",
        "A fault is BackendUnavailable with its cause within timeout plus wait, never an empty answer.",
        needs=("hook:kill", "hook:restart"),
        reason="An empty answer says that there is nothing to do. A fault must not say that.",
        look=(
            "Timeouts of connections, half-open ones too, and errors that are caught where the next line "
            "returns nothing."
        ),
        bugs=("taskiq-redis #104", "redis-py #2624"),
    ),
    Rule(
        "G1",
        "After 10,000 jobs through every path, once a reserve on each queue returned nothing, the stored "
        "keys and their size are those after one warm-up job, plus what is declared as retained.",
        needs=("hook:footprint",),
        reason="What a million jobs leave behind each day fills every store.",
        look="Acknowledged entries, counters by job, locks, registrations, indexes of what has ended.",
        bugs=("taskiq-redis 1.2.4", "sidekiq-unique-jobs #368", "sidekiq-unique-jobs #417", "dramatiq #199"),
    ),
    Rule(
        "G2",
        "Nothing live expires.",
        needs=("clock",),
        reason="A job that waits for a year is not garbage.",
        look="Any expiry on any key of a job that is not over.",
        bugs=("arq #320", "rq-scheduler #116", "rq-scheduler PR 115"),
    ),
    Rule(
        "G3",
        "The server's time (or, for a store in the process, the call's CPU time) of enqueue, reserve, "
        "settle, extend, cancel, counts at most doubles from 1,000 to 100,000 queued; purge, delete, "
        "requeue are linear in what they return, and never more than slice in one step.",
        needs=("hook:cost",),
        reason="The store is slowest when there is the most to do, unless it was built for that.",
        look="Scans, sorts and counts over what waits; steps that do everything at once.",
        bugs=("kombu #164", "dramatiq #258"),
    ),
    Rule(
        "G4",
        "Connections stay within the declared number.",
        needs=("hook:connections",),
        reason="Connections are the first limit that a growing system meets.",
        look="Whether a waiting reserve keeps a connection of its own, what calls do when the pool is empty, and "
        "whether a client that is closed between two of its steps connects again for the next.",
        bugs=("saq #31", "taskiq-redis #53", "arq PR 473", "arq PR 406"),
    ),
    Rule(
        "C1",
        "Nothing is accepted and ignored.",
        reason="An option that is taken and ignored is found out in production.",
        look="Arguments that nobody reads, and values that are bent until they fit.",
        bugs=("pg-boss #529", "celery PR 5874", "celery #8967", "taskiq-redis #115"),
    ),
    Rule(
        "C2",
        "Close twice is once; it ends waiting reserves with Closed; a verb in flight finishes or raises; "
        "later ones raise Closed.",
        reason="Processes end while calls are in flight.",
        look="What close does to calls that wait, to calls that have been sent, and to itself when called again.",
        bugs=("celery #4354", "redis-py #2028"),
    ),
    Rule(
        "C3",
        "No body and no password in what is logged, printed or raised.",
        reason="Logs are read by more people than the jobs were meant for.",
        look="Messages of errors that quote a value, reprs of messages and URLs, debug logs of a driver.",
        bugs=("runtm PR 61", "naas #8", "celery #2808", "sidekiq PR 1349", "sidekiq PR 1790"),
    ),
    Rule(
        "C4",
        "A client belongs to the loop that opened it; after a fork a child opens its own; the app opens "
        "one a loop and closes it with the loop.",
        reason=(
            "Web servers fork, test clients bring loops of their own, and connections belong to where they were opened."
        ),
        look="What is shared between the clients of a process: connections, locks, events.",
    ),
    Rule(
        "W1",
        "Every accepted job is performed to an end, or dead with a reason, or live: after SIGKILL of any "
        "worker at any time.",
        needs=("worker", "inspect"),
        reason="Workers are killed by deployments, by the kernel, by power cuts.",
        look="What a worker holds in memory only, and for how long.",
        bugs=("rq #2015", "resque #16", "graphile-worker #254", "oban #603"),
    ),
    Rule(
        "W2",
        "A lease follows its job, asynchronous, threaded, or blocking the event loop for four leases, and "
        "no longer than the job's hard limit: one start.",
        needs=("worker", "inspect"),
        reason="A job that runs for long is not one whose worker is lost.",
        look="Who extends, from which thread, how often within a lease, and until when.",
        bugs=("taskiq-redis #101", "dramatiq #692", "pgqueuer #430", "good_job #989"),
    ),
    Rule(
        "W3",
        "A lost lease is reported and the job is told.",
        needs=("worker",),
        reason="Whoever has lost a lease may be running beside another, and should stop.",
        look="What the worker does with the answers to its extends.",
        bugs=("dramatiq #692", "saq #126"),
    ),
    Rule(
        "W4",
        "Starts never exceed attempts, crashes counted; a delivery beyond the limit is settled dead without a start.",
        needs=("worker", "dead_letters", "inspect"),
        reason="A job that kills its worker must not kill them all.",
        look="Whether the limit is checked before each start, against the backend's attempt.",
        bugs=("dramatiq #213", "graphile-worker #254", "bullmq #1094", "delayed_job PR 1250"),
    ),
    Rule(
        "W5",
        "Unknown name, undecodable body, arguments that do not bind, an exception that can't be encoded "
        "or printed: dead with a readable reason; the worker lives, the next job runs, nothing spins.",
        needs=("worker", "dead_letters", "inspect"),
        reason="One bad job must not stop the good ones, and somebody has to find out why it was bad.",
        look="Everything that reads a job or describes an error, outside of the guard that the job itself runs in.",
        bugs=("huey #815", "delayed_job PR 846", "celery #6185", "machinery #149", "rq #708", "rq #776"),
    ),
    Rule(
        "W6",
        "No exception class, cancellation and BaseException included, shrinks the worker or strands a job.",
        needs=("worker", "dead_letters", "inspect"),
        reason="A worker that has lost one of its slots to an odd exception has lost it for good.",
        look="What catches Exception and not BaseException, and what a cancellation of the job's own making does.",
        bugs=("huey #281", "river #1161", "arq #386"),
    ),
    Rule(
        "W7",
        "TERM: no further reserve starts, the one in flight is awaited and its deliveries released; "
        "running jobs end within the grace with their leases kept all along, or are released at once; a "
        "second TERM, or KILL, is still W1.",
        needs=("worker",),
        reason="Deployments stop workers many times a day.",
        look="The order of stopping: reserving first, leases last; and what happens to an answer on its way.",
        bugs=("taskiq #380", "graphile-worker #352", "celery #4354", "arq #267", "dramatiq #618", "pgqueuer #630"),
    ),
    Rule(
        "W8",
        "The concurrency limit holds, a thread that does not end keeps its slot, and nothing is reserved "
        "beyond what can start.",
        needs=("worker",),
        reason="Beyond its limit a worker runs out of memory, or holds jobs that others could do.",
        look="When a slot is taken and when it is given back, and what is fetched ahead.",
        bugs=("pgqueuer PR 474", "celery #8025", "dramatiq #183", "saq #31"),
    ),
    Rule(
        "W9",
        "Work resumes when the backend does, without a restart; readiness says what is true meanwhile; "
        "idle or cut off, the worker does not spin.",
        needs=("worker",),
        reason="At four in the morning the store restarts, and nobody is there to restart the workers.",
        look="Every loop of the worker, and what ends it; pauses between tries; what readiness is derived from.",
        bugs=("celery #8030", "celery #8091", "arq #386", "taskiq-redis #104", "huey #281"),
    ),
    Rule(
        "W10",
        "A backoff is finite and within its cap for any attempt, and counted from the failure by elapsed time.",
        needs=("worker",),
        reason="A wait that overflows, or begins anew after each fault, is a job that is lost.",
        look="The order of growing and capping, and from which instant the wait counts.",
        bugs=("procrastinate #1462", "docket #453", "threadmill #47", "celery 5.7.0"),
    ),
    Rule(
        "W11",
        "Each tick of a recurring job is enqueued exactly once (remember), with any number of schedulers, "
        "across daylight saving and crashes.",
        needs=("worker", "remember", "cells", "delay"),
        reason="Every scheduler may crash, and there is more than one.",
        look=(
            "What makes a tick the same tick: schedule and instant, remembered beyond its end; and what comes first, "
            "the job or the note that it was enqueued."
        ),
        bugs=("arq #196", "taskiq #244", "good_job PR 1543", "celery #1604", "bull #2207", "sidekiq-cron #132"),
    ),
    Rule(
        "W12",
        "A worker that starts or stops disturbs nobody.",
        needs=("worker",),
        reason="Workers come and go with every deployment, and know nothing of each other.",
        look="What a worker resets, sweeps or registers when it starts and when it stops.",
        bugs=("rwf worker.rs", "saq #124", "solid_queue PR 244"),
    ),
    Rule(
        "W13",
        "A job past its hard limit has failed and follows its retry rules.",
        needs=("worker",),
        reason="A job that hangs holds a slot, a lease and a key.",
        look=(
            "Who notices, also where a job blocks the loop, ignores its cancellation or runs in a thread, and whether "
            "that counts as a failure."
        ),
        bugs=("delayed_job PR 1250", "docket #245"),
    ),
)

UNCHECKED: Final[dict[str, str]] = {}
"""Rules without a check, and why there is none."""

BY_ID: Final = {rule.id: rule for rule in RULES}
