"""From raw data to a model in production. The step words are the modules; `__main__` is the command line."""
