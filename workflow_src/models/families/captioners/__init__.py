"""Families of captioners: a file each, named as what it registers."""
