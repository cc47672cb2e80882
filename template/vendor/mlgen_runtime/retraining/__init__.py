"""Training anew without being asked: when, on what, against whom, and what came of it.

settings        the values of conf/retrain, those of each trigger with it
triggers        who may ask for a training, one module each
context         what triggers look at: the champion, its data, what was tried before
decision        whether to train now, and why
training_data   the rows that the candidate is trained on, and those that are held out
budget          the pipeline, within its budget of minutes
history         bundles/retrain.jsonl: what was tried
job             all of it, in order

optional, monitored     what is there besides where predictions are monitored: triggers that look at production, rows
                        from the log of predictions and a record of decisions beside it, the evaluation of a shadow
"""
