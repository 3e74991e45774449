"""A package, so that fixtures of its scope end with its last test and not with the whole run."""
