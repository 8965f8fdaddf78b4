"""The systems the paper builds on, one file a model."""
