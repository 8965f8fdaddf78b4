"""The steps of the workflow as commands, one file a stage; see workflow_src.cli."""
