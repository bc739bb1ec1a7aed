"""Makes outcomes that a retrain learns from."""

from random import Random

from schemas.outcomes import ArmOutcome, OutcomeMatured
from streams.market.feature_users import computed_features
from streams.market.features import SIGNED
from streams.market.parameters import MarketParameters
from streams.scoring.baselines import BASELINES
from tests.support.matured import matured

HORIZON = 1_000


MARKET = MarketParameters(horizon_ns=HORIZON)


def outcomes(
    count: int, seed: int = 1, sign: float = 1.0, start: int = 0, live: float | None = None
) -> list[OutcomeMatured]:
    """Outcomes whose direction agrees with the sign of the first feature in three of four cases.

    Args:
        count: number of outcomes.
        seed: seed of the random numbers.
        sign: 1, or -1 for the opposite relation.
        start: number of the first outcome.
        live: probability of the live version in each outcome; None: 0.75 for the likelier direction.
    """
    random = Random(seed)
    found = []
    for number in range(start, start + count):
        value = random.choice((-1.0, 1.0))
        label = (1 if value * sign > 0 else -1) * (1 if random.random() < 0.75 else -1)
        features = dict.fromkeys(computed_features(MARKET), 0.0) | {SIGNED[0]: value}
        told = 0.5 + 0.25 * value if live is None else live
        found.append(
            matured(
                number,
                (number + 2) * HORIZON,
                HORIZON,
                return_bps=float(label),
                label=label,
                regime=random.choice(("calm-range", "volatile-trend")),
                arms=(ArmOutcome("live", "v1", "flat", told, 0.0, 0.0, 0.0),),
                experts=dict.fromkeys(MARKET.strategies.enabled, 0.5),
                features=features,
                baselines=dict.fromkeys(BASELINES, 0.5),
                cost_bps=0.1,
            )
        )
    return found
