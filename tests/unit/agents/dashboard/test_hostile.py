"""Whatever is on its topics, the page keeps working, counts invalid records, and stays small."""

import asyncio
import time
from typing import Any

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from msgspec.structs import replace

from agents.clients.reader import Received
from agents.config.settings import Settings
from agents.dashboard.bands.alive import BrokerLink
from agents.dashboard.bands.changed import LONGEST_SENTENCE
from agents.dashboard.bands.deciding import MOST_COURSES, MOST_EARLY
from agents.dashboard.bands.now import FORGOTTEN_S, Symbols
from agents.dashboard.follow import watch as watching
from agents.dashboard.follow.following import BEGIN_ANEW_S, STILL_S, Following
from agents.dashboard.follow.topics_state import Board
from agents.dashboard.follow.watch import TopicWatch
from agents.dashboard.serve.browsers import Browser, Selection
from agents.dashboard.serve.server import Server
from agents.dashboard.state.latency import PredictionTimes, answered
from agents.dashboard.state.rates import Ends
from agents.dashboard.state.shown_fields import PredictionFields
from schemas.alerts import Alert
from schemas.codec import encode
from schemas.commands import Retrain, StopVariant
from schemas.dead_letters import DeadLetter
from schemas.errors import TickloopError
from schemas.experiments import ExperimentDecided, ExperimentMoved
from schemas.topics import (
    ALERTS,
    COMMANDS,
    DEAD_LETTERS,
    EXPERIMENT_DECISIONS,
    EXPERIMENTS,
    MODEL_VERSIONS,
    OUTCOMES,
    PAPER_ACCOUNT,
    PREDICTIONS,
    TOPICS,
)
from schemas.versions import ModelVersion
from tests.support.dashboard_records import NOW_S, fed, received, written
from tests.support.dashboard_server import server
from tests.support.golden_model_records import OF_MODELS
from tests.support.golden_records import RECORDS

pytestmark = pytest.mark.slow

VERSION: Any = OF_MODELS[ModelVersion][-1]
RETRAIN: Any = OF_MODELS[Retrain][-1]

FAR = 10**30
FIELDS: tuple[Any, ...] = (FAR, -FAR, 2**63, -1, 1e300, "x" * 100_000, "", None, [], {}, [[]] * 1_000, {"a": {}}, True)


def turned(value: bytes, number: int) -> list[bytes]:
    """Copies of a record, each with one field, also a nested one, replaced by an invalid value."""
    record = msgspec.json.decode(value)
    places: list[tuple[Any, Any]] = []

    def walk(of: Any) -> None:
        for key, each in list(of.items() if isinstance(of, dict) else enumerate(of)):
            places.append((of, key))
            if isinstance(each, (dict, list)):
                walk(each)

    walk(record)
    found = []
    for nth, (of, key) in enumerate(places):
        kept, of[key] = of[key], FIELDS[(nth + number) % len(FIELDS)]
        # The library writes no number beyond 64 bits, as anybody else may.
        found.append(msgspec.json.encode(record, enc_hook=str) if not _wide(of[key]) else _by_hand(record))
        of[key] = kept
    return found


def _wide(value: Any) -> bool:
    return isinstance(value, int) and abs(value) >= 2**63


def _by_hand(record: Any) -> bytes:
    import json

    return json.dumps(record).encode()


def examples(topic: Any) -> list[bytes]:
    every = {**RECORDS, **OF_MODELS}
    return [encode(record) for kind in topic.records for record in every.get(kind, [])[-2:]]


WATCHED = [topic for topic in TOPICS if topic.name in Board().topics]


@pytest.mark.parametrize("topic", WATCHED, ids=lambda topic: topic.name)
async def test_no_invalid_field_of_any_record_stops_the_page(topic: Any) -> None:
    made = server(fed(written(ticks=2_000)))
    board, offset = made.watch.board, 10**6
    for number in range(len(FIELDS)):
        for value in examples(topic):
            for poison in turned(value, number):
                board.take(topic.name, [Received(0, offset, round(1e3 * NOW_S), b"X", poison)], NOW_S)
                offset += 1
    assert board.passed.count > 0
    for broken in (b"", b"{", b"\xff", b"[" * 10_000, None):
        board.take(topic.name, [Received(0, offset, 0, None, broken)], NOW_S)
    assert "records that make no sense" in _tile(made, "page")["note"]

    heard = Heard()
    browser = Browser(heard, Selection("", next(iter([f"{e}|{s}" for (e, s), _ in board.courses]), "")))  # type: ignore[arg-type]
    made.view.refresh()
    await browser.beat(made.view, 2)
    assert made.watch.troubles == {}, "every part can be shown"
    assert sum(map(len, heard.messages)) < 2_000_000
    for name, payload in heard.events():
        _expect_dates(name, payload)


class Heard:
    def __init__(self) -> None:
        self.messages: list[bytes] = []

    async def write(self, message: bytes) -> None:
        self.messages.append(message)

    def events(self) -> list[tuple[str, Any]]:
        found = []
        for message in self.messages:
            head, _, payload = message.partition(b"\ndata: ")
            found.append((head[7:].decode(), msgspec.json.decode(payload)))
        return found


def _expect_dates(name: str, payload: Any) -> None:
    """Every time in a payload must be one that a browser's `Date` can show."""
    if name == "changes":
        for each in (*payload["changes"], *payload["versions"]):
            assert 0 <= each.get("ts_event", each.get("since")) / 1e6 <= 8.64e15


def _tile(made: Server, name: str) -> Any:
    return next(msgspec.to_builtins(tile) for tile in made.watch.alive().tiles if tile.name == name)


def test_what_the_page_reads_of_busy_topics_is_what_the_records_are() -> None:
    board = Board()
    for topic in (PREDICTIONS, OUTCOMES, PAPER_ACCOUNT):
        for value in examples(topic):
            board.take(topic.name, received([(0, "", value)]), NOW_S)
    assert board.passed.count == 0


def test_latencies_go_by_what_names_a_tick() -> None:
    assert answered([(1, b'{"id":"x"}'), (1, None), (1, b"["), (1, b'{"id":7}'), (2, b'{"id":"ticks:0:5"}')]) == {
        5: PredictionTimes(2, 0)
    }


def test_ten_thousand_misspelt_names_take_no_more_room_than_there_is() -> None:
    board = fed(written(ticks=2_000))
    real = [state.name for state in board.symbols]
    board.symbols._most = 200
    one = msgspec.json.decode(written()["predictions"][0][2])
    for number in range(10_000):
        value = msgspec.json.encode({**one, "id": f"ticks:0:{number}", "symbol": f"TYPO{number}"})
        board.take(PREDICTIONS.name, [Received(0, number, 10**12, f"TYPO{number}".encode(), value)], NOW_S)
    assert len(board.symbols) == 200
    assert set(real) <= {state.name for state in board.symbols}, "who is there and predicted stays"
    assert board.symbols.crowded == 10_000 - (200 - len(real))


def test_silent_symbols_make_room_for_others_and_browsers_learn_of_it() -> None:
    symbols = Symbols(most=3)
    made = server()
    made.watch.board.symbols = symbols
    for number in range(5):
        symbols.versioned(replace(VERSION, symbol=f"S{number}"), 0, NOW_S)
    symbols.refresh(NOW_S)
    assert {row[0] for row in symbols.rows_since(0)} == {"S2", "S3", "S4"}
    sent = made.view.rows(0)
    assert sent is not None
    assert sent["reset"]
    change = symbols.change
    symbols.versioned(replace(VERSION, symbol="S5"), 0, NOW_S + FORGOTTEN_S)
    symbols.refresh(NOW_S)
    sent = made.view.rows(change)
    assert sent is not None
    assert (sent["reset"], sent["gone"], [row[0] for row in sent["rows"]]) == (False, ["S2"], ["S5"])


def flooded(count: int = 3_000) -> Board:
    """State of a dashboard after thousands of long versions, experiments, alerts, commands and refusals."""
    board = Board()
    moved = next(each for each in RECORDS[ExperimentMoved] if type(each) is ExperimentMoved)
    decided = next(each for each in RECORDS[ExperimentDecided] if type(each) is ExperimentDecided)
    long, written_ms = "w" * 900, round(1e3 * NOW_S)
    for number in range(count):
        name, early = f"S{number}", f"early-{number}"
        records: tuple[tuple[Any, Any], ...] = (
            (MODEL_VERSIONS, replace(VERSION, id=f"commands:0:{number}:0", symbol=name, version=name, reason=long)),
            (EXPERIMENTS, replace(moved, id=f"ticks:0:{number}:0", experiment=name)),
            (
                EXPERIMENT_DECISIONS,
                replace(decided, id=f"ticks:0:{number}:1", experiment=early, reason=long),
            ),
            (COMMANDS, StopVariant(f"c{number}", name, 1 + number, "arm", long)),
            (ALERTS, Alert(f"id{number}", "node", name, 1 + number, "rolled_back", "error", name, long)),
            (DEAD_LETTERS, DeadLetter(f"ticks:0:{number}", "market", f"reason-{number}", long, b"k", b"v" * 5_000)),
        )
        for topic, record in records:
            lies = Received(0, number, written_ms + number, b"", encode(record))
            board.take(topic.name, [lies], NOW_S + 60.0)
    return board


async def test_thousands_of_everything_are_kept_and_sent_in_bounds() -> None:
    board = flooded()
    assert board.passed.count == 0
    assert len(list(board.courses)) == MOST_COURSES
    assert len(board.courses._early) <= MOST_EARLY
    assert len(board.courses._newest) == MOST_COURSES
    assert len(board.symbols) <= 2_000
    assert len(board.alerts.open(NOW_S)) <= 1_150
    made, heard = server(board), Heard()
    made.view.refresh()
    await Browser(heard, Selection()).beat(made.view, 2)  # type: ignore[arg-type]
    sizes = {message.split(b"\n")[0][7:].decode(): len(message) for message in heard.messages}
    assert sum(sizes.values()) < 1_000_000, sizes
    changes = next(payload for name, payload in heard.events() if name == "changes")
    assert max(len(each["sentence"]) for each in changes["changes"]) == LONGEST_SENTENCE


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("deciding", "agents.dashboard.serve.view.headlines"),
        ("good", "agents.dashboard.serve.view.good"),
    ],
)
async def test_a_part_of_the_page_that_cannot_be_shown_says_so_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, name: str, made: str
) -> None:
    def fails(*_: object) -> None:
        raise OverflowError("too far")

    monkeypatch.setattr(made, fails)
    page = server(fed(written(ticks=2_000)))
    page.view.refresh()
    while page.view._computing is not None:
        await asyncio.wait([page.view._computing])
        page.view.refresh()
    page.view.refresh()
    tile = _tile(page, "page")
    assert (tile["colour"], name in tile["note"], "OverflowError: too far" in tile["note"]) == ("act", True, True)
    assert page.view.parts["changes"].version == 1


def at_work(watch: TopicWatch, now: float) -> None:
    """Put a follower into the state that it has while all is well and ticks come."""
    watch.following.turned(now)
    watch.link = BrokerLink(now, "", 1, "Stable")
    for second in range(30):
        counts = {"ticks": 1_000 * second, "predictions": 1_000 * second, "dead-letters": 0}
        watch.rates.take(Ends(now - 30 + second, counts, {0: 0}, {0: 1_000 * second}))
    one = msgspec.json.decode(written()["predictions"][0][2], type=PredictionFields)
    watch.board.symbols.predicted(msgspec.structs.replace(one, ts_event=round(now * 1e9)), 0, 0, now)


async def said(client: TestClient[Any, Any]) -> str:
    """Mode of the page, from its stream of events."""
    answer = await client.get("/events")
    async with asyncio.timeout(20):
        while True:
            line = await answer.content.readline()
            if line == b"event: alive\n":
                found = msgspec.json.decode((await answer.content.readline())[6:])
                answer.close()
                return str(found["mode"])


@pytest.mark.parametrize("ill", ["does not turn", "fetches nothing", "does not ask"])
async def test_the_page_says_live_only_while_its_follower_reads(ill: str) -> None:
    made = server()
    async with TestClient(TestServer(made.app())) as client:
        at_work(made.watch, time.time())
        assert await said(client) == "live"
        assert (await client.get("/healthz")).status == 200
        now = time.time()
        if ill == "does not turn":
            made.watch.following.turned(now - STILL_S - 1.0)
        elif ill == "fetches nothing":
            for moment in (now - STILL_S - 1.0, now):
                made.watch.following.measured({("predictions", 0): 7}, {("predictions", 0): 900}, moment)
        else:
            made.watch.link = BrokerLink(now - 25.0, "", 1, "Stable")
        assert await said(client) == "stalled"
        answer = await client.get("/healthz")
        assert answer.status == 503


class Poisoned(TopicWatch):
    """A follower of topics that raises an unexpected error."""

    async def run(self) -> None:
        raise OverflowError("too far")


async def test_a_follower_that_dies_ends_the_page_with_a_sentence() -> None:
    made = Server(Settings(), server()._guard, Poisoned(Settings()))
    async with TestClient(TestServer(made.app())):
        with pytest.raises(TickloopError, match=r"the page's follower ended.*OverflowError: too far"):
            async with asyncio.timeout(10):
                await made.until(asyncio.Event())


async def test_a_pulse_that_dies_ends_the_page_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    made = server(fed(written(ticks=2_000)))

    def fails() -> None:
        raise KeyError("no such row")

    monkeypatch.setattr(made.view, "refresh", fails)
    async with TestClient(TestServer(made.app())) as client:
        await client.get("/events")
        with pytest.raises(TickloopError, match="the page's pulse ended"):
            async with asyncio.timeout(10):
                await made.until(asyncio.Event())


async def test_the_end_that_is_asked_for_is_no_error() -> None:
    made, stopped = server(), asyncio.Event()
    async with TestClient(TestServer(made.app())):
        stopped.set()
        await made.until(stopped)


class Session:
    """Stands in for a session with a cluster: it answers, but its follower hangs."""

    opened = 0
    cluster = ""

    def __init__(self, *_: object) -> None:
        Session.opened += 1

    async def __aenter__(self) -> "Session":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def poll(self) -> list[Any]:
        await asyncio.Event().wait()
        return []

    async def ends(self, now: float) -> Ends:
        return Ends(now, {topic.name: 1 for topic in TOPICS}, {0: 0}, {0: 1})

    async def group(self) -> tuple[str, int]:
        return "Stable", 1

    async def pairs(self) -> list[Any]:
        return []

    async def reach(self) -> tuple[dict[Any, int], dict[Any, int]]:
        return {}, {}


async def test_a_follower_that_hangs_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "Tail", Session)
    monkeypatch.setattr(watching, "LOOK_S", 0.0)
    Session.opened, seconds = 0, [NOW_S]

    def clock() -> float:
        seconds[0] += 1.0
        return seconds[0]

    watch = TopicWatch(Settings(bootstrap="nowhere:1"), clock)
    running = asyncio.create_task(watch.run())
    async with asyncio.timeout(20):
        while Session.opened < 3:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)
    running.cancel()
    assert seconds[0] - NOW_S > 2 * BEGIN_ANEW_S
    assert "begun anew" in next(tile.note for tile in watch.alive().tiles if tile.name == "page")


def test_a_follower_that_is_far_behind_and_goes_on_follows() -> None:
    following = Following()
    for second in range(100):
        following.turned(float(second))
        following.measured({("predictions", 0): second}, {("predictions", 0): 10**6}, float(second))
    assert following.problem(99.0) == ""
