"""JPEG: read to luma and chroma, and written so that every pixel keeps its luma."""
