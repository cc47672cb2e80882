"""The use case of time series: the next steps of each are forecast. `use_case` hands its parts over."""
