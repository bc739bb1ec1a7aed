"""What an operator does: bring the system up, look at it, mend it, start it anew."""
