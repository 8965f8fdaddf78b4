"""`python -m workflow_src status`: how far the workflow is on the selected corpus."""
