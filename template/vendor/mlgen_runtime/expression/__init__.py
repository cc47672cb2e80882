"""The language of derived features: text to a checked tree of plain data (`checking`), and its values (`evaluation`)."""
