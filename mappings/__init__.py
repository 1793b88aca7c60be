"""The shipped mappings: one TOML file a system, found by the adapter's name."""
