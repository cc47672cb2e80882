"""The training pipeline: read, check, split, baseline, fit, evaluate, gate, register, bundle. It knows no use case."""
