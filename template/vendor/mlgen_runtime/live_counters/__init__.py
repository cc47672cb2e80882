"""Live counters of a service: what comes in, by the bins of the training data, and how far that is from them."""
