"""Where people's evaluations decide which model is better: stars, blind comparisons, and "is this real?"."""
