"""What runs around the engine: daemon, logs, health."""
