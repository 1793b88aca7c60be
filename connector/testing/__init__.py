"""The conformance suite that every adapter passes, for adapter authors too. It needs pytest."""

import pytest

#: So that a failure shows what was expected and what came, as in a test module.
pytest.register_assert_rewrite("connector.testing.conformance", "connector.testing.subject")
