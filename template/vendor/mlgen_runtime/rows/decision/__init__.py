"""From probabilities to the label that is answered: the rule, how its threshold is chosen, and what it is worth.

rule         what travels in a bundle (decision.json); all that a server needs
threshold    the choice, on answers to rows that the model did not learn from
acceptance   what settings make no sense beside a contract
"""
