"""The dataclasses of `conf/`, one for each folder: the shape of a run. The values, defaults included, are YAML's.

every       what every project has, and the stems that use cases build on
use_case    the folders whose shape depends on what is learnt: data, contract, split, baseline, train, bundle
"""
