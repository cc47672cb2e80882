# REST: serve the champion, or try the service once.
.PHONY: serve try
DEPLOY += try

serve: setup ## Serve the champion over REST.
	$(RUN) serve

try: setup ## Start the service, send one request, show the answer, stop.
	$(BIN)/python make/try_rest.py $(RUN) serve 'rest.port={port}'
