"""Measuring how close coloured photographs come to the truth; needs numpy and the light core only."""

from tintype.imaging.metrics import Figures, measure, psnr

from .benchmark import evaluate
from .collection import Model
from .report import Report, Row, Skipped

__all__ = ["Figures", "Model", "Report", "Row", "Skipped", "evaluate", "measure", "psnr"]
