"""Tables and figures from the scores of the runs."""
