"""`python -m workflow_src <step>`."""

from workflow_src.cli import main

main()
