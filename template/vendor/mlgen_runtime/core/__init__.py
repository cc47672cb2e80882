"""What every room uses and what knows nothing of data or models: errors, durations, JSON, locks, CPUs, progress."""
