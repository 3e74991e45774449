"""Hyperparameter search: trials of a recipe with other values, judged by validation pictures, never by the loss."""

from .study import Sharing, StudySummary, Training, tune

__all__ = ["Sharing", "StudySummary", "Training", "tune"]
