"""A model file and the engines that run it."""
