"""Native ⇄ canonical, as lenses driven by mappings/*.toml. Pure."""
