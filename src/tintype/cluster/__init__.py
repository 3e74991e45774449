"""Batches on a Ray cluster: the driver (`engine`), workers with a model each, and the tracker of what they try."""
