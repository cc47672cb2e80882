"""Metrics of your own. Forecasts cannot be judged by one yet; docs/timeseries.md says which there are."""
