"""Steering: colours given at points and spread to what is alike; alternatives; colour transfer."""

from .hint import Hint

__all__ = ["Hint"]
