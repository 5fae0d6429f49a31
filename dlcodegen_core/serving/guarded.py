"""The gate as it stands around this service: what app.py and server.py put before all they serve."""

import logging
from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from dlcodegen_core.config import ServingSettings
from dlcodegen_core.inference.live_requests import LiveRequests, TextSwitch
from dlcodegen_core.outbound import is_this_machine
from dlcodegen_core.service import DLCodeGen
from dlcodegen_core.serving import metrics, request_lines
from dlcodegen_core.serving.engine import Engine
from dlcodegen_core.serving.gate import Gate
from dlcodegen_core.serving.keys import ApiKeys, check_binding

logger = logging.getLogger(__name__)


def guard(routes: Sequence[BaseRoute]) -> Middleware:
    """Around a server of our routes alone. Raises ConfigError for settings that cannot be used."""
    return _middleware(routes, ServingSettings.from_environment(), pages=False)


def guard_pages(routes: Sequence[BaseRoute], host: str | None) -> Middleware:
    """Around the pages and our routes, served on `host`; None is every interface.

    Raises ConfigError as `check_start` does.
    """
    settings = ServingSettings.from_environment()
    check_start(host, settings)
    if not settings.sign_in and not (host and is_this_machine(host)):
        logger.warning(
            "The pages can be seen and used by whoever reaches this address: keys are for programs alone. Set "
            "DLCODEGEN_SIGN_IN=1 to have people sign in; docs/security.md tells how."
        )
    return _middleware(routes, settings, pages=True)


def check_start(host: str | None, settings: ServingSettings | None = None) -> None:
    """Raises ConfigError for bad keys, and where other machines could ask without one."""
    settings = settings or ServingSettings.from_environment()
    check_binding(host, ApiKeys.parse(settings.api_keys))


def _middleware(routes: Sequence[BaseRoute], settings: ServingSettings, pages: bool) -> Middleware:
    ApiKeys.parse(settings.api_keys)  # a mistake in them is told now, not with the first request
    request_lines.start_writing(settings.log)
    return Middleware(
        Gate,
        routes=routes,
        live=_live_with_texts if pages else _live,
        settings=settings,
        pages=pages,
        waiting=lambda: Engine.get().waiting,
    )


def _live() -> LiveRequests:
    service = DLCodeGen.get_instance()
    metrics.listen(service)
    return service.requests.live


def _live_with_texts() -> LiveRequests:
    """Where there are pages, a person may have wished to see texts; elsewhere nobody could."""
    live = _live()
    if not live.remembers_is_known:
        live.remember(TextSwitch(DLCodeGen.get_instance().settings.home).read())
    return live
