# Delta: versions of the data as a table.
.PHONY: snapshot

snapshot: setup ## Write the rows of data.path as the next version; SNAPSHOT="data.path=… delta.mode=append" says otherwise.
	$(RUN) snapshot $(SNAPSHOT)
