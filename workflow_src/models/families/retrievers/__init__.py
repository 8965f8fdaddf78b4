"""Families of retrievers: a file each, named as what it registers."""
