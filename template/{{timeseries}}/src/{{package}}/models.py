"""Models of your own. Forecasts cannot take any yet. Those that there are, with their settings, stand in conf/model/."""
