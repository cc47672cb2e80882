"""Models of your own. Forecasts cannot take any yet; those that there are stand in conf/model/ with their settings."""
