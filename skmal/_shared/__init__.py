"""What all folders share; it imports nothing of the package."""
