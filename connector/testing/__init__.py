"""The conformance suite that every adapter passes, for adapter authors too."""
