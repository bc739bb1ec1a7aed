"""The claims of docs/statistics.md with fewer replications: wrong claims fail, and so do the wrong rules."""

import re

import pytest

from tests.statistical.acceptance import PAGE, Measured, measured
from tests.statistical.claims import CLAIMS, Claim


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.group[:8]} {claim.name}")
def test_a_claim_is_not_refuted_by_a_short_run(claim: Claim) -> None:
    found = measured(claim, claim.short)
    assert found.not_refuted(), f"{found.value:.4f} of {found.replications}, expected {claim.low} to {claim.high}"


def test_a_short_run_refutes_what_is_wrong() -> None:
    by_name = {claim.name: claim for claim in CLAIMS}
    right = by_name["normal"]
    assert Measured(right, 0.03, 600).not_refuted()
    assert not Measured(right, 0.12, 600).not_refuted()
    control = by_name["engine 1 without batches (b = 1), AR .3"]
    assert Measured(control, 0.16, 200).not_refuted()
    assert not Measured(control, 0.06, 200).not_refuted(), "a control that is not fooled shows that nothing is tested"


def test_the_page_has_every_claim_at_full_length() -> None:
    page = PAGE.read_text()
    for claim in CLAIMS:
        row = next(line for line in page.splitlines() if line.startswith(f"| {claim.name} |"))
        assert row.endswith("| holds |")
    assert sum(f"| {claim.full:,} | holds |" in page for claim in CLAIMS) == len(CLAIMS)


def test_on_every_real_file_arms_of_equal_merit_have_no_winner_in_95_of_a_hundred() -> None:
    """The experiments are as long as the file and far longer, with the batch sizes that a plan recommends for that."""
    found = re.findall(r"equal merit.*no winner in ([\d.]+)%: (holds|\*\*FAILS\*\*) \|", PAGE.read_text())
    assert [verdict for _, verdict in found] == ["holds"] * 12
    assert min(float(share) for share, _ in found) >= 95.0
