"""Parts that register themselves by name, behind one face, and what every one of them promises."""
