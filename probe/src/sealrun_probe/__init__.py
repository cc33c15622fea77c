"""Run a CI job's command and leave samples of how it ran; needs nothing but Python."""
