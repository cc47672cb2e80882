"""A folder that predicts elsewhere: on a device, in a browser, wherever this repository is not. Table of contents.

export.write(config, steps)   the whole of it, one call per line
opset.rewrite(path, …)        the graph for older runtimes
eight_bit.put(folder, …)      weights in 8 bits, kept where that is smaller, faster and good enough
trial.asked(folder, …)        what the folder's own reader answers, in a process of its own, and how fast
place.Place(path)             where the folder goes, in one step
"""
