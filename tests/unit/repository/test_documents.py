"""What the documents say about settings, parameters, topics and commands agrees with the code."""

import re
from pathlib import Path

import click
import msgspec
import pytest

from agents.cli import cli
from agents.config.settings import ENVIRONMENT_PREFIX, Settings
from schemas.topics import TOPICS
from streams.account.parameters import AccountParameters
from streams.experiments.declaration import Declaration
from streams.market.feature_users import computed_features
from streams.market.features.registry import FAMILIES
from streams.market.parameters import MarketParameters
from streams.monitoring.parameters import MonitorParameters
from streams.parameters import Parameters, load_parameters
from streams.retraining.parameters import RetrainParameters
from tests.support.places import ROOT

CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text()
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
MAP = (ROOT / "docs" / "README.md").read_text()
DECISIONS = sorted((ROOT / "docs" / "adr").glob("0*.md"))[1:]

ROOMS = sorted(
    [
        "schemas",
        "tickloop",
        *(
            f"{floor}/{each.parent.name}"
            for floor in ("streams", "agents")
            for each in (ROOT / floor).glob("*/__init__.py")
        ),
        *(f"tests/{each.name}" for each in (ROOT / "tests").iterdir() if each.is_dir() and each.name != "__pycache__"),
    ]
)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def rows(text: str, after: str) -> list[list[str]]:
    """Cells of the first table after a heading."""
    table = re.search(r"(?:^\|.*\n)+", text[text.index(after) :], re.MULTILINE)
    assert table is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()[2:]]


def test_every_setting_is_documented_with_its_default() -> None:
    documented = {
        row[0].strip("`"): (row[1].strip("`"), row[2].strip("`")) for row in rows(CONFIGURATION, "## Settings")
    }
    expected = {
        name: (ENVIRONMENT_PREFIX + name.upper(), str(getattr(Settings(), name))) for name in Settings.__struct_fields__
    }
    assert documented == expected


def test_the_documented_parameters_are_the_defaults() -> None:
    everything, example, windows, experiment = blocks(CONFIGURATION, "toml")
    table = msgspec.toml.decode(everything)
    assert load_parameters(table) == Parameters()
    defaults = {
        "market": MarketParameters(),
        "account": AccountParameters(),
        "monitor": MonitorParameters(),
        "retraining": RetrainParameters(),
    }
    assert table == msgspec.json.decode(msgspec.json.encode(defaults)), "a parameter is missing"
    declared = msgspec.toml.decode(experiment)
    assert declared == {"experiments": {"NAME": msgspec.json.decode(msgspec.json.encode(Declaration()))}}
    assert load_parameters(msgspec.toml.decode(example)).for_symbol("EURUSD").horizon_ns == 60_000_000_000
    computed = computed_features(load_parameters(msgspec.toml.decode(windows)).market)
    assert {"return_50ms", "return_1s", "return_750ms", "return_30", "trade_rate_5s"} <= set(computed)


def test_the_page_of_parameters_has_every_feature_over_windows() -> None:
    features = [each.name for family in FAMILIES.values() for each in family.part.features]
    over = {name.removesuffix("_{window}") for name in features if name.endswith("_{window}")}
    assert set(re.findall(r"`(\w+)_WINDOW`", CONFIGURATION)) == over


def test_the_topic_table_of_the_readme_is_the_registry() -> None:
    table = {row[0].strip("`"): row[1].strip("`") for row in rows((ROOT / "README.md").read_text(), "## Topics")}
    assert list(table) == [topic.name for topic in TOPICS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_are_named_exist(document: Path) -> None:
    named = set(re.findall(r"(?:^|`|\$ )tickloop ([a-z]+(?: [a-z]+)?)", document.read_text(), re.MULTILINE))
    for words in named:
        command: click.Command | None = cli
        for word in words.split():
            if isinstance(command, click.Group):
                command = command.get_command(click.Context(command), word)
                assert command is not None, f"`tickloop {words}` does not exist"


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there"


def anchors(document: Path) -> set[str]:
    """Anchors that a hosting site makes from the headings of a document.

    An anchor has lower-case letters, hyphens for spaces, and no other punctuation. Headings in code blocks do not
    count.
    """
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_a_heading_lead_to_one(document: Path) -> None:
    for target, heading in re.findall(r"\]\(([^)#:]*\.md|)#([^)]+)\)", document.read_text()):
        found = document.parent / target if target else document
        assert heading in anchors(found), (
            f"{document.name} links to #{heading} of {found.name}, which has no such heading"
        )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_sources_that_are_named_are_there(document: Path) -> None:
    """Only paths that begin with one of our packages are checked; others may be those of other repositories."""
    rooms = "|".join(room for room in ROOMS if "/" in room)
    for named in re.findall(rf"`((?:{rooms}|schemas)/[\w./-]+)`", document.read_text()):
        assert (ROOT / named).exists(), f"{document.name} names {named}, which is not there"


def test_every_room_has_its_sentence_on_the_map() -> None:
    named = re.findall(r"^\| `([a-z/]+)` \| \S", MAP, re.MULTILINE)
    assert sorted(named) == ROOMS


def test_every_document_is_on_the_map() -> None:
    linked = set(re.findall(r"\]\(([\w./]+\.md)\)", MAP))
    there = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert there <= linked


def test_the_list_of_decisions_has_the_title_of_each() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text()
    titles = [(path, path.read_text().splitlines()[0]) for path in DECISIONS]
    entries = [
        f"* [{path.name[:4]}]({path.name}) {title.removeprefix(f'# {path.name[:4]}: ')}" for path, title in titles
    ]
    assert [line for line in listed.splitlines() if line.startswith("* ")] == entries
    numbers = [path.name[:4] for path in DECISIONS]
    assert numbers == sorted(set(numbers))


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
    assert len((ROOT / "docs" / "glossary.md").read_text().splitlines()) <= 120


def test_the_readme_runs_a_backtest(capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = (block for block in blocks((ROOT / "README.md").read_text(), "python") if "tickloop.backtest" in block)
    exec(compile(program, "README.md", "exec"), {})
    assert capsys.readouterr().out == "2000 imbalance\n"
