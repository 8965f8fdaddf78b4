"""Batches, schedules and the training of each model."""
