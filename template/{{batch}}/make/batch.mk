# Batch: score a whole table with the champion.
.PHONY: batch
DEPLOY += batch

batch: setup ## Score a table into a database; what the model was trained on, unless BATCH="batch.input=…" says otherwise.
	$(RUN) batch $(BATCH)
