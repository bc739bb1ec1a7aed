"""Actions that a person can start from the page, such as promoting a version.

Each writes one command to the topic of commands, just as the command line would. Acknowledging an alert
is the exception: it writes to a file of the dashboard.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from agents.commands import requests
from agents.commands.commander import LogPlace, commander
from agents.commands.requests import Request
from agents.commands.sending import send
from agents.config.settings import Settings
from agents.dashboard.follow.acknowledged import FILE, Acknowledgement, key_of
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.follow.watch import TopicWatch
from agents.pages.wording import stands
from schemas.codec import decoder, encode
from schemas.errors import ConfigurationError
from schemas.limits import Cause, NameOrNone, Symbol
from schemas.positions import root_id
from schemas.topics import COMMANDS

Action = Literal["promote", "roll_back", "stop", "pin", "unpin", "retrain", "acknowledge"]

PATIENCE_S = 5.0

MOST_KEY = 1_000
"""Longest key of an alert, characters."""

MOST_BODY = 8 * 1024
"""Largest request for an action, bytes."""


class PageAction(Struct, frozen=True, forbid_unknown_fields=True):
    """An action that the page asks the server for.

    Attributes:
        action: what to do.
        symbol: instrument that the action concerns; empty when an alert is acknowledged.
        arm: name under which the version to be promoted or stopped runs; empty for other actions.
        cause: the person's reason, in a sentence; may be empty.
        alert: key of the alert to be acknowledged; empty for other actions.
    """

    action: Action
    symbol: Symbol | Literal[""] = ""
    arm: NameOrNone = ""
    cause: Cause = ""
    alert: Annotated[str, Meta(max_length=MOST_KEY)] = ""


asked_of = decoder(PageAction, MOST_BODY)
"""Decodes an action from JSON; raises `Refused` if a field exceeds its limits."""


class Done(Struct, frozen=True):
    """Result of an action on the page.

    Attributes:
        id: id of the command's record on its topic, or the key of the acknowledged alert.
        sentence: what has happened, for the person.
        refused: whether the system refused the command.
    """

    id: str
    sentence: str
    refused: bool = False


EFFECTS: dict[Action, str] = {
    "promote": "makes {arm} the live version of {symbol}; the one that is live goes on in shadow",
    "roll_back": "makes the version live again that was live before on {symbol}; the present one goes on in shadow",
    "stop": "ends {arm} on {symbol}, which runs in shadow; what it has learned is gone, its test can never be resumed",
    "pin": "keeps the live version of {symbol} live: only a person changes it until it is released",
    "unpin": "releases the live version of {symbol}: tests and watches may change it again",
    "acknowledge": "this alert counts as seen on every page of this dashboard, and as open no more. That goes to a "
    f"file of its home folder ({FILE}) and to no topic: the alert stays a fact, and a new one is open again",
    "retrain": "trains a model for {symbol} on its log up to now; the candidate has to pass gates and a test",
}


def request_of(asked: PageAction) -> Request:
    """Command request for an action of the page, with a new id.

    Raises:
        ConfigurationError: the action needs the name of a running version and has none, or it is
            `acknowledge`, which writes no command.
    """
    if asked.action == "acknowledge":
        raise ConfigurationError("acknowledge: expected an action of the loop, was one of the page alone")
    identity = requests.new_id("page")
    cause = asked.cause.strip() or "by hand, on the page"
    if asked.action in ("promote", "stop") and not asked.arm:
        raise ConfigurationError(f"{asked.action}: expected an arm, was none")
    if asked.action == "promote":
        return requests.promote_variant(identity, asked.symbol, asked.arm, cause)
    if asked.action == "stop":
        return requests.stop_variant(identity, asked.symbol, asked.arm, cause)
    if asked.action == "roll_back":
        return requests.roll_back(identity, asked.symbol, cause)
    if asked.action == "retrain":
        return requests.retrain(identity, asked.symbol, cause)
    return requests.pin_version(identity, asked.symbol, cause, pinned=asked.action == "pin")


def told(asked: PageAction, board: Board) -> str:
    """Sentence on what an action would do, which the page shows before a person confirms.

    Args:
        asked: the action.
        board: state of the page, which must know the symbol.

    Raises:
        ConfigurationError: the symbol is not known.
    """
    if asked.action == "acknowledge":
        return EFFECTS["acknowledge"][0].upper() + EFFECTS["acknowledge"][1:] + "."
    state = board.symbols.get(asked.symbol)
    if state is None:
        raise ConfigurationError(f"expected a symbol that was predicted, was {asked.symbol!r:.40}")
    effect = EFFECTS[asked.action].format(arm=asked.arm or "the arm", symbol=asked.symbol)
    return (
        f"Writes one command to {COMMANDS.name}, partition {state.partition}: {effect}. "
        f"Takes effect at the next tick of {asked.symbol}, once, whatever dies, and appears on the time line."
    )


def acknowledge(asked: PageAction, watch: TopicWatch, now: float) -> Done:
    """Remember that a person has seen an open alert.

    Args:
        asked: action with the key of the alert.
        watch: state of the page, in which the acknowledgement is kept.
        now: wall clock, seconds since 1970.

    Raises:
        ConfigurationError: no open alert has this key.
        EnvironmentProblem: the file of acknowledged alerts cannot be written.
    """
    if all(key_of(alert) != asked.alert for alert in watch.board.alerts.open(now)):
        raise ConfigurationError(f"acknowledge: expected an alert that is open, was {asked.alert!r:.120}")
    watch.acknowledged.take(Acknowledgement(asked.alert, now, asked.cause.strip()))
    return Done(asked.alert, "Done: the alert is acknowledged.")


async def ask(asked: PageAction, board: Board, settings: Settings, bootstrap: str) -> Done:
    """Write the command for an action, and wait up to 5 seconds for the records that follow from it.

    Args:
        asked: the action.
        board: state of the page, which must know the symbol.
        settings: the settings that the workers run with.
        bootstrap: address of the cluster.

    Raises:
        ConfigurationError: the symbol is not known, or the action is incomplete.
        EnvironmentProblem: the cluster does not accept the command.
    """
    state = board.symbols.get(asked.symbol)
    if state is None:
        raise ConfigurationError(f"expected a symbol that was predicted, was {asked.symbol!r:.40}")
    request = request_of(asked)
    async with commander(settings, bootstrap) as client:
        sent = await send(client, request, LogPlace(state.partition, state.ts_event), PATIENCE_S)
    record_id = root_id(COMMANDS.name, sent.partition, sent.offset)
    if sent.refused:
        return Done(record_id, f"Refused: {sent.refused}", refused=True)
    if sent.versions:
        said = "; ".join(f"{each.version} is {stands(each.status)}" for each in sent.versions)
        return Done(record_id, f"Done: {said}.")
    if sent.job is not None:
        return Done(record_id, f"Done: {sent.job.withheld or 'the retrain begins as soon as the retrainer has time'}.")
    size = len(encode(sent.command))
    return Done(record_id, f"Written ({size:,} bytes); no worker has answered within {PATIENCE_S:.0f} s.")
