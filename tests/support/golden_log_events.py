"""Golden records about logs, one of each form that was ever written; `golden_records` says what they are for."""

import msgspec

from schemas.log_events import ComputedBy, RecordsLost

LOG_EVENTS: dict[type[msgspec.Struct], list[msgspec.Struct]] = {
    ComputedBy: [
        ComputedBy(
            node="market",
            topic="ticks",
            partition=3,
            offset=18_251,
            code="9d0a2c3a5f1b77e0",
            before="4b6cc7e5c1e12621",
            parts={"library numpy": "2.4.6", "streams/logistic.py": "a8fc1e67228df043"},
            sentence="other code computes from ticks-3 offset 18251 on: library numpy (was 2.3.1, is 2.4.6)",
        ),
    ],
    RecordsLost: [
        RecordsLost(
            node="market",
            topic="ticks",
            partition=3,
            first=18_251,
            last=23_250,
            sentence="offsets 18251 to 23250 of ticks-3 were deleted before market had read them",
        ),
    ],
}
