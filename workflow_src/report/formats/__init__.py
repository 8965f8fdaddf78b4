"""A table in every form that people paste: read once, written five ways."""
