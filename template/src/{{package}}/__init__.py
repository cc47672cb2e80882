"""This project's own code. The README says what belongs where; the machinery is vendor/mlgen_runtime."""
