"""A web page for a person's own sounds: what `python -m workflow_src serve` opens.

From what a person types to what is seen: `command` (the command), `models` (which
models the page has, and what they make of a sound; no web in it), `page` (what is seen,
in gradio), `server` (for this machine alone, and nothing from elsewhere).
"""
