"""Array science without files: colour spaces, gamut, planes, resizing, measures."""
