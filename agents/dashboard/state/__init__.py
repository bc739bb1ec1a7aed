"""What is known of the loop, bounded however long it runs: fields of records, courses, rates, times."""
