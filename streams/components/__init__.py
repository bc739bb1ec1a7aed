"""Registered components behind one interface, and the promises that every component is checked for."""
