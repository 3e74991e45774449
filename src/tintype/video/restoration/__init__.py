"""Restoration of film before it is coloured: flicker, dust, scratches, gate weave and grain. Each step is asked for.

Every step looks at a few frames before and after one, never across a cut, and at nothing else: whoever goes on in the
middle of a film reads that many frames more, and gets the same pictures.
"""

from .negative import measure_film
from .steps import STEPS, check_steps, reach, restored

__all__ = ["STEPS", "check_steps", "measure_film", "reach", "restored"]
