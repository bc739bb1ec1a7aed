"""Record of the scores of one forecaster."""

from msgspec import Struct


class Figures(Struct, frozen=True):
    """Scores of one forecaster; each is over the outcomes that moved, unless it says otherwise.

    Attributes:
        name: of the forecaster.
        accuracy: fraction of moves predicted right; a probability of 0.5 counts one half.
        log_loss: mean negative log of the probability that it gave to what happened, nats; 0.693 for a constant 0.5.
        brier: mean square of (probability of up - 1 if up), 0 to 1; 0.25 for a constant 0.5.
        ece: expected calibration error: mean gap between confidence and accuracy over 10 bins, 0 to 0.5.
        information_coefficient: Pearson correlation, over all outcomes, of signed confidence and realised return.
        call_gross_bps: mean return, before cost, of one unit on each called side, over all outcomes, bps.
        call_net_bps: the same less the cost of a round trip for each call.
    """

    name: str
    accuracy: float
    log_loss: float
    brier: float
    ece: float
    information_coefficient: float
    call_gross_bps: float
    call_net_bps: float
