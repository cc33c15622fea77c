"""By schedule: check whether each offer can still run and be paid, record that, and count waiting calls."""

import os
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sealrun.composition.services import open_services
from sealrun.transport.deadline import within
from sealrun.workflows.check_health import check_health
from sealrun.workflows.count_waiting import count_waiting

logger = Logger(service="health")
services = open_services(os.environ)
meter = services.meter


def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Lambda's entry point."""
    checked = check_health(
        ledger=services.ledger,
        open_provider=services.open_provider,
        payments=services.payments,
        clock=services.clock,
        contracts=services.contracts,
        bounded=within,
    )
    for offer, health in checked.items():
        if health.dropped:
            logger.info("dropped", offer=offer, prices=dict(health.dropped))
    reasons = {offer: health.closed or health.suspended for offer, health in checked.items()}
    logger.info("health", offers={offer: reason or "fine" for offer, reason in reasons.items()})
    fine = sum(1 for reason in reasons.values() if not reason)
    waiting = count_waiting(ledger=services.ledger, clock=services.clock)
    meter.count("OffersUnavailable", len(checked) - fine)
    meter.count("RunsWaiting", waiting.runs)
    meter.count("ReceiptsLate", waiting.late)
    return {"checked": len(checked), "fine": fine}
