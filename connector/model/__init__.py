"""The frozen vocabulary that all stages exchange. Standard library only."""
