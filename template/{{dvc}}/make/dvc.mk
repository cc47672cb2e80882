# DVC: versions of the data, and the pipeline in dvc.yaml.
.PHONY: snapshot repro pull
export DVC_NO_ANALYTICS := true

snapshot: setup ## Make the file at data.path the next version; SNAPSHOT="data.path=…" names another.
	@$(RUN) snapshot $(SNAPSHOT)

repro: setup ## Run again what data, settings or code have changed (dvc repro).
	@PATH="$(CURDIR)/$(BIN):$$PATH" dvc repro $(REPRO)

pull: setup ## Fetch the data that this commit names (dvc pull).
	@$(BIN)/dvc pull
