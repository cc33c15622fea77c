"""What the core knows of Forgejo. Data alone."""

from sealrun.offers.provider_rules import ProviderRules

RULES = ProviderRules(
    name="forgejo",
    project_pattern=r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}/[A-Za-z0-9_.-]{1,100}",
    project_says="owner/name",
    repository="{origin}/{project}",
    max_inputs=24,  # as GitHub, whose workflows it runs
    run_sources=("workflow_dispatch",),
    names_runners=False,
)
