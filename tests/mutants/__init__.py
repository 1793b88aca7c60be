"""What the suite is worth: a defence is taken out of the engine, and the test that is there for it has to fail."""
