"""What changed out there: feeds, sweeps, and matching strangers to records."""
