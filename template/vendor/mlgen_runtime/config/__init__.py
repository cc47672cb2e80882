"""conf/ as a run sees it: composed by Hydra, checked against dataclasses, refused in one line where it does not fit.

run          RunConfig, what steps take; settings, the dataclasses that every project has
schema       strict conversion of plain data into dataclasses; environment, the same from variables
tree         the YAML files as their reader sees them; overrides, the command line checked against them
composition  where Hydra begins and ends
"""
