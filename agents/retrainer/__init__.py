"""Looks after the models while workers look after the ticks: trains what breaches call for, and tells people."""
