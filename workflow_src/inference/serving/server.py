"""The server of the page: for this machine alone, and with nothing from elsewhere."""

from __future__ import annotations

import ipaddress
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from workflow_src.errors import InputError
from workflow_src.inference.serving.models import Models

REPORT = "/report"
# Browsers ask nobody else, whatever the page says: gradio's names fonts and scripts of
# other servers.
POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "frame-ancestors 'none'"
)
# Before gradio is imported: it would tell its makers what is launched.
QUIET = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_DISABLE_TELEMETRY": "1"}


def import_gradio() -> None:
    """Import gradio, quietly.

    Raises:
        InputError: it is not installed.
    """
    os.environ.update(QUIET)
    try:
        import gradio  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        raise InputError(
            "the page needs gradio: python -m pip install --no-deps "
            "-r requirements-serve.txt"
        ) from None


def serve(
    models: Models,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    report: Path | None = None,
    on_open: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve the page until it is stopped.

    Args:
        models: that answer.
        host: address to listen on.
        port: to listen on; 0: any that is free.
        report: report page of a run, served as `/report`; None: none.
        on_open: is told the page's address, once it can be opened.

    Raises:
        InputError: gradio is not installed, or the address cannot be listened on.
    """
    import_gradio()
    import uvicorn

    with listening(host, port) as opened, tempfile.TemporaryDirectory() as uploads:
        os.environ["GRADIO_TEMP_DIR"] = uploads
        application = build_application(models, host, report)
        settings = uvicorn.Config(application, log_level="warning")
        shown = f"[{host}]" if ":" in host else host
        on_open(f"http://{shown}:{opened.getsockname()[1]}/")
        uvicorn.Server(settings).run(sockets=[opened])


def build_application(models: Models, host: str, report: Path | None) -> Any:
    """The application: the page, and a report page beside it.

    Args:
        models: that answer.
        host: that is listened on; of a loopback address, requests that name another
            machine are refused: no page elsewhere can have its readers' browsers ask.
        report: report page of a run.

    Returns:
        An ASGI application.
    """
    import fastapi
    import gradio
    from fastapi.responses import FileResponse
    from starlette.middleware.base import BaseHTTPMiddleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from workflow_src.inference.serving.page import build_page

    application = fastapi.FastAPI(openapi_url=None)
    if is_loopback(host):
        names = ["localhost", "127.0.0.1", "[::1]"]
        application.add_middleware(TrustedHostMiddleware, allowed_hosts=names)

    application.add_middleware(BaseHTTPMiddleware, dispatch=_keep_to_itself)
    if report is not None:
        page_of_run = FileResponse(report, media_type="text/html")
        application.add_api_route(REPORT, lambda: page_of_run)
    page = build_page(models, REPORT if report is not None else None)
    # One question at a time: the models share the processor.
    page.queue(default_concurrency_limit=1)
    return gradio.mount_gradio_app(
        application, page, path="/", footer_links=[], ssr_mode=False
    )


async def _keep_to_itself(request: Any, call_next: Any) -> Any:
    answer = await call_next(request)
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        InputError: the address is none of this machine, or is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen()
    except (OSError, OverflowError) as error:
        opened.close()
        told = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{host}, port {port} cannot be listened on ({told}): name another with "
            "--port, or 0 for any that is free"
        ) from None
    return opened
