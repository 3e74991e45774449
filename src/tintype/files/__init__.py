"""Places rather than pictures: paths and addresses, whole writes, downloads."""
