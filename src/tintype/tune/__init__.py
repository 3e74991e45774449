"""Hyperparameter search: trials of a recipe with other values, judged by validation pictures, never by the loss."""

from .study import StudySummary, tune

__all__ = ["StudySummary", "tune"]
