# REST: serve the champion, or try the service once.
.PHONY: serve try
DEPLOY += try

serve: setup ## Serve the champion over REST.
	$(RUN) serve

try: setup ## Start the service, send one request, show the answer, stop.
	$(BIN)/python -m mlgen_runtime.rest.try_service $(RUN) serve 'rest.port={port}'
