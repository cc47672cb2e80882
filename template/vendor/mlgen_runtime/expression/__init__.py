"""The language of derived features: from text to a checked tree of plain data, and from there to values."""
