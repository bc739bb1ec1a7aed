"""The five sections ("bands") of the dashboard page, one for each question that the page answers.

Each module computes what its section shows from the state that the page's Kafka consumer keeps.
"""
