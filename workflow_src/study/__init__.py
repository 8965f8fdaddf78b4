"""When does an augmentation help? Its effect over data, seeds and length of training.

The plan and what came out are in docs/study.md.
"""
