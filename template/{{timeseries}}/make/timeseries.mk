# Forecasts continue the history that the bundle keeps; INPUT=file brings newer rows, future covariates, or both.
INPUT =
