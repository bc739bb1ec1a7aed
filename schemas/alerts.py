"""Record of an alert: an event on a symbol that an operator should know of at once.

Examples are a degraded model, a failed retrain, a promotion, a refused command, or event time that went backwards.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.limits import LONGEST_SYMBOL, EventTimeOrNone, Id, Sentence

Severity = Literal["info", "warning", "error"]

AlertKind = Literal[
    "breach",
    "budget_spent",
    "retrain_started",
    "retrain_withheld",
    "retrain_failed",
    "retrain_rejected",
    "candidate",
    "promoted",
    "rolled_back",
    "rejected",
    "refused",
    "held_back",
    "roster",
    "clock_broken",
    "component_failed",
    "model_full",
]


class Alert(Struct, frozen=True):
    """One event on a symbol that an operator should know of.

    Another record reports the event in detail. The field `id` of the alert is the id of that record, and
    the field `node` is the name of the topic that holds that record.
    """

    id: Annotated[Id, Meta(description="id of the record that reports the event")]
    node: Annotated[Id, Meta(description="topic of that record")]
    symbol: Annotated[
        str,
        Meta(
            max_length=LONGEST_SYMBOL, description="instrument name; whatever key a refused record came with, or empty"
        ),
    ]
    ts_event: Annotated[
        EventTimeOrNone, Meta(description="event time of that record, ns since 1970, UTC; 0 for a refused record")
    ]
    kind: Annotated[
        AlertKind,
        Meta(
            description="`breach`: a retrain is needed, now or once there are enough labels; `budget_spent`: it is "
            "needed, but the budget of retrains is spent; `retrain_started`, `retrain_withheld`, `retrain_failed`, "
            "`retrain_rejected`: how the retrain ended; `candidate`: a candidate runs in shadow; `promoted`, "
            "`rolled_back`: the live version changed; `rejected`: a candidate was not found better; `refused`: a "
            "command or directive; `held_back`: a pin keeps a winner from going live, or the live version from being "
            "rolled back; `roster`: other versions run than the registry says; `clock_broken`: a symbol's clock was "
            "set back or jumped, each of the first eight times and then at every doubling of their number; "
            "`component_failed`: a part of the pipeline failed, the first time and at every tenfold of that; "
            "`model_full`: a further model reached its largest size, and learns no more, started anew or has no "
            "opinion any more"
        ),
    ]
    severity: Annotated[Severity, Meta(description="how urgent it is")]
    subject: Annotated[Id, Meta(description="version, job or reason code that the alert names")]
    sentence: Annotated[Sentence, Meta(description="for a person")]
