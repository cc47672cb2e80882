"""The part of retraining that looks at production: it is there where predictions are logged and monitored."""
