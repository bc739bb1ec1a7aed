"""What browsers are sent as it is."""
