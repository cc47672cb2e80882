"""Features of your own, derived from the columns of a row. Registering them comes with a later release."""
