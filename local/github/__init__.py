"""A GitHub on loopback: its REST API for the endpoints used here, over workflows that ``act`` really runs."""

from local.github.server import GitHubServer

__all__ = ["GitHubServer"]
