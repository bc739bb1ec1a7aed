"""Checks of the records that the demonstration of drift leaves on the topics.

In this demonstration a model is retrained, and a bad model is rolled back.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from agents.clients.reader import Received
from agents.commands.keyring import signing
from agents.config.settings import Settings
from agents.demo.audit import AuditCheck
from agents.demo.scenes import everything
from agents.retrainer.labelled_log import known_then
from schemas.alerts import Alert
from schemas.codec import decoder, encode
from schemas.experiments import ExperimentDecided
from schemas.outcomes import OutcomeMatured
from schemas.positions import position_of
from schemas.retraining import RetrainFinished, RetrainJob
from schemas.ticks import Directive, Tick
from schemas.topics import (
    ACCURACY_WINDOWS,
    CANDIDATES,
    COMMANDS,
    EXPERIMENT_DECISIONS,
    EXPERIMENTS,
    OUTCOMES,
    PREDICTIONS,
    RETRAIN_JOBS,
    TICKS,
)
from streams.engine.node import following
from streams.engine.replay import Emitted, SourceRecord, by_topic, replay
from streams.market.node import MarketNode
from streams.parameters import Parameters
from streams.retraining.job import retrain
from streams.retraining.labels import outcome_log
from streams.retraining.proposal import proposal
from streams.topology import nodes

TOLD_IN_ORDER = ("breach", "retrain_started", "candidate", "promoted", "candidate", "promoted", "rolled_back")
MOST_SABOTAGED = 1_000
"""Scored outcomes within which a sabotaged version has to be thrown out."""


class FinishedStory(Struct, frozen=True):
    """Facts about a finished demonstration of drift, which the checks of its records need.

    Attributes:
        settings: settings of the system on which the demonstration ran.
        parameters: parameters of its workers.
        symbol: the symbol whose model was retrained.
        sabotaged: name of the arm (variant of the pipeline) with a deliberately bad model; a command made it
            live.
        sabotaged_version: version name of the deliberately bad model.
        alerts: all alerts, in the order in which they were read.
    """

    settings: Settings
    parameters: Parameters
    symbol: str
    sabotaged: str
    sabotaged_version: str
    alerts: tuple[Alert, ...]


async def checks_of(story: FinishedStory) -> list[AuditCheck]:
    """Read all topics, and check every claim that the demonstration of drift makes."""
    settings = story.settings
    log = sorted(
        (
            SourceRecord(record.partition, record.offset, record.key, record.value)
            for record in await everything(settings, TICKS, repeats=True)
        ),
        key=lambda record: (record.partition, record.offset),
    )
    checks = [_order(story.alerts), *_directives(log, story)]
    checks.append(await _trained_again(story))
    followed = following(nodes(story.parameters, signing(settings)), TICKS)
    expected = by_topic(replay(followed, log))
    for topic in (OUTCOMES, ACCURACY_WINDOWS, EXPERIMENTS, EXPERIMENT_DECISIONS):
        held = [record.value for record in await everything(settings, topic)]
        found = [value for _, _, value in expected.get(topic.name, [])]
        same = sorted(map(bytes, filter(None, held))) == sorted(found)
        claim = f"{topic.name}: same bytes as an undisturbed replay of the ticks"
        checks.append(AuditCheck(claim, f"{'yes' if same else 'no'} ({len(found):,} records)", same and bool(found)))
    wrote = {value for _, _, value in expected.get(COMMANDS.name, [])}
    asked = [record.value for record in await everything(settings, COMMANDS, repeats=True)]
    missing = wrote.difference(filter(None, asked))
    checks.append(
        AuditCheck("commands: every one that follows from the ticks", f"{len(wrote)}", bool(wrote) and not missing)
    )
    return checks


def _order(alerts: Sequence[Alert]) -> AuditCheck:
    rest: Iterator[str] = iter([alert.kind for alert in alerts])
    holds = all(kind in rest for kind in TOLD_IN_ORDER)
    return AuditCheck(
        "alerts, in this order: " + ", ".join(TOLD_IN_ORDER).replace("_", " "), "yes" if holds else "no", holds
    )


def _directives(log: Sequence[SourceRecord], story: FinishedStory) -> list[AuditCheck]:
    """Check that versions were promoted once each, and that the sabotaged one was rolled back soon, without a trace."""
    decode = decoder(Tick)
    found = [(record, tick) for record in log if isinstance(tick := decode(record.value), Directive)]
    promotions = [tick for _, tick in found if tick.action == "promote_arm"]
    once = len({tick.id for tick in promotions})
    repeats = len(promotions) - once
    checks = [
        AuditCheck(
            "retrained, sabotaged, rolled back: promoted once each", f"{once} directives, {repeats} repeats", once == 3
        )
    ]
    last = promotions[-1].id if promotions else ""
    of_sabotage = {tick.id for _, tick in found if tick.arm == story.sabotaged} | {last}
    without = [record for record in log if not any(record is each and tick.id in of_sabotage for each, tick in found)]
    after = max((record.offset for record, tick in found if tick.id == last), default=0)
    market = MarketNode(story.parameters, signing(story.settings))
    partition = found[0][0].partition if found else 0
    ours = [record for record in log if record.partition == partition]
    real, other = (
        _predictions_after(replay(market, records), after) for records in (ours, [r for r in without if r in ours])
    )
    checks.append(
        AuditCheck(
            "predictions after the roll-back: same bytes as if there had been no sabotage",
            f"{'yes' if real == other else 'no'} ({len(real):,} records)",
            real == other and bool(real),
        )
    )
    decided, lived = _sabotaged(ours, story)
    checks.append(
        AuditCheck(
            f"the roll-back of the sabotaged version was decided within {MOST_SABOTAGED} scored outcomes",
            f"{decided:,}, and {lived:,} until the directive's place in the log",
            0 < decided < MOST_SABOTAGED,
        )
    )
    return checks


def _sabotaged(log: Sequence[SourceRecord], story: FinishedStory) -> tuple[int, int]:
    """Number of scored outcomes of the sabotaged version until its roll-back was decided, and until it took effect.

    The directive that rolls it back comes after ticks already published, which the version still predicts.
    """
    outcome, decision = decoder(OutcomeMatured), decoder(ExperimentDecided)
    followed = following(nodes(story.parameters), TICKS)
    decided = lived = 0
    for record in replay(followed, log):
        if record.topic == OUTCOMES.name:
            lived += outcome(record.value).arms[0].model_version == story.sabotaged_version
        elif record.topic == EXPERIMENT_DECISIONS.name:
            found = decision(record.value)
            if (found.experiment, found.verdict) == (story.sabotaged, "rolled_back"):
                decided = lived
    return decided, lived


def _predictions_after(records: Iterable[Emitted], offset: int) -> list[bytes]:
    return [
        record.value for record in records if record.topic == PREDICTIONS.name and position_of(record.id)[0] > offset
    ]


async def _trained_again(story: FinishedStory) -> AuditCheck:
    """Train every candidate model again in this process, from the outcomes on the topic, and compare the results."""
    settings, symbol = story.settings, story.symbol
    signer = signing(settings)
    jobs = {job.job: job for job in _decoded(await everything(settings, RETRAIN_JOBS), RetrainJob)}
    finished = [
        each
        for each in _decoded(await everything(settings, CANDIDATES), RetrainFinished)
        if each.result.status != "superseded"
    ]
    outcomes = _decoded(await everything(settings, OUTCOMES), OutcomeMatured)
    commands = [record.value for record in await everything(settings, COMMANDS, repeats=True)]
    market, training = story.parameters.for_symbol(symbol), story.parameters.retraining
    states = {each.result.sha256: each.result.candidate for each in finished if each.result.candidate is not None}
    same = 0
    for each in finished:
        job = jobs[each.result.job_id]
        is_known = known_then(job)
        log = outcome_log(filter(is_known, outcomes), market, training.labels)
        pool = [states[sha256] for sha256 in job.pool or () if sha256 in states]
        again = retrain(symbol, job.breach, log.last(), market, training, pool)
        asked = proposal(job, again, market, training) if again.status == "candidate" else None
        proposed = asked is None or encode(signer.sign(asked, job.id)) in commands
        same += encode(again) == encode(each.result) and proposed
    results = len({each.result.job_id for each in finished})
    holds = 0 < same == len(finished) == results
    return AuditCheck(
        "trained again here, from the same outcomes: same bytes", f"{same} of {len(finished)} retrains", holds
    )


def _decoded(records: Sequence[Received], kind: type) -> list:  # type: ignore[type-arg]
    decode = decoder(kind)
    return [decode(record.value) for record in records]
