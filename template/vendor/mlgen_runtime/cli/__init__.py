"""The command line over all of it: `python -m mlgen_runtime.cli`, and the console script of each project.

__main__   where it begins            command      its words, taken apart
verbs      the table of verbs         help         their pages, read from source and conf/
run        a verb through Hydra       reports      what a verb leaves on disk
completion words in the shell         the other modules are a verb each
"""
