"""Record of the scores of one forecaster."""

from msgspec import Struct


class Figures(Struct, frozen=True):
    """Scores of one forecaster over a number of outcomes.

    Unless a line says otherwise, only outcomes in which the mid moved are counted.

    Attributes:
        name: name of the forecaster.
        accuracy: fraction of moves whose direction was predicted right, 0 to 1; a probability of 0.5 counts as half
            right.
        log_loss: mean negative log of the probability given to what happened, nats; 0.693 for a constant 0.5.
        brier: mean squared error of the probability of an upward move, 0 to 1; 0.25 for a constant 0.5.
        ece: expected calibration error, 0 to 1: gap between confidence (probability of the predicted side) and
            accuracy, averaged over 10 bins of confidence.
        information_coefficient: Pearson correlation, over all outcomes, of 2 * probability - 1 and realised return.
        call_gross_bps: mean return before cost, over all outcomes, from holding one unit in the predicted direction,
            bps; nothing is held at a probability of 0.5 or an unknown cost.
        call_net_bps: `call_gross_bps` after the cost of a round trip for each unit held, bps.
    """

    name: str
    accuracy: float
    log_loss: float
    brier: float
    ece: float
    information_coefficient: float
    call_gross_bps: float
    call_net_bps: float
