"""What trained models say on a split, and how good it is."""
