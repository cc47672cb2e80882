"""Metrics of your own. The gate cannot decide between forecasts by one yet. Those that there are: docs/timeseries.md."""
