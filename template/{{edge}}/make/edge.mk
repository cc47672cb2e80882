# Edge: the champion as a folder that predicts on its own.
.PHONY: export
DEPLOY += export

export: setup ## Write the champion as a folder that predicts elsewhere, and compare its answers.
	$(RUN) export
