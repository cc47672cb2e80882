"""Tables: read, written, fingerprinted; versions of them, by whoever keeps some."""
