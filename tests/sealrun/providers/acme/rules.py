"""What the core knows of Acme CI."""

from sealrun.offers.provider_rules import ProviderRules

RULES = ProviderRules(
    name="acme",
    project_pattern=r"acme-[0-9]{1,6}",
    project_says="acme- and a number",
    repository="{origin}/repositories/{project}",
    max_inputs=3,
    faults=frozenset({"anvil_missing"}),
    run_sources=("order",),
)
