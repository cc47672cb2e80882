"""The contract of time series: its words, a first proposal, and the checks of moments and steps."""
