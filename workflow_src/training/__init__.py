"""Training: mini-batches and the loops of both tasks."""
