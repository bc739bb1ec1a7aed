"""What people ask of an experiment: plan, status, report and tables, from its records."""
