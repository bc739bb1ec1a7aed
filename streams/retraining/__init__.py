"""From labels to a candidate that has proved itself: purged split, cold fit, gates, one result for each job."""
