"""The part of the page on experiments gets records with their own field names, and reads exactly these names."""

import re
from importlib import resources

from agents.dashboard.bands.deciding import ExperimentRow, Headline
from agents.experiments.facts import GuardrailRow
from schemas.experiments import ExperimentMoved, GuardrailStanding, PooledMoved
from streams.experiments.standing import Standing

SAID_IN_WORDS = {"interval", "key", "running"}
"""Fields of a row that no record has."""


def test_what_the_state_says_has_the_names_of_the_record() -> None:
    assert {*Standing.__struct_fields__} < {*ExperimentMoved.__struct_fields__} < {*PooledMoved.__struct_fields__}


def test_rows_have_the_names_of_the_record() -> None:
    assert {*Headline.__struct_fields__} - SAID_IN_WORDS <= {*ExperimentMoved.__struct_fields__}
    assert {*GuardrailRow.__struct_fields__} - SAID_IN_WORDS <= {*GuardrailStanding.__struct_fields__}


def test_the_page_reads_fields_that_there_are() -> None:
    script = resources.files("agents.dashboard.static").joinpath("deciding.js").read_text()
    read = {*re.findall(r"\b(?:one|row|each)\.(\w+)", script)}
    known = {*Headline.__struct_fields__, *GuardrailRow.__struct_fields__, *ExperimentRow.__struct_fields__}
    assert {"log_e_better", "log_e_worse", "threshold", "scored", "effect", "margin", "log_e"} <= read
    assert read - known == {"name"}, "of a figure"
