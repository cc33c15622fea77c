"""A GitLab on loopback: its REST API for the endpoints used here, over pipelines that really run."""

from local.gitlab.server import GitLabServer

__all__ = ["GitLabServer"]
