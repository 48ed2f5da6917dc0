"""`skb serve`: the HTTP service, for this machine alone."""

import socket
import sys

import click

from api.cli.command import Door, command
from api.failures import BadRequest

_SECONDS = click.FloatRange(0.1, 86_400)
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@command("serve")
@click.option("--host", default="127.0.0.1", metavar="HOST", help="127.0.0.1, localhost or ::1.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8421, metavar="PORT", help="0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 8), default=8, metavar="N", help="Workers at once in all.")
@click.option("--queue", type=click.IntRange(0, 10_000), default=32, metavar="N", help="Requests that may wait.")
@click.option("--time-limit", type=_SECONDS, default=60.0, metavar="SECONDS", help="What a request may ask at most.")
@click.option("--job-time-limit", type=_SECONDS, default=600.0, metavar="SECONDS", help="The same for a job.")
@click.option("--memory", type=click.IntRange(16, 2**20), default=2048, metavar="MIB", help="For one request.")
def serve(
    door: Door, host: str, port: int, workers: int, queue: int, time_limit: float, job_time_limit: float, memory: int
) -> int:
    """Serve HTTP on this machine until it is interrupted."""
    check_host(host)
    from api.service.app import create_app
    from api.service.server import Server
    from api.service.work.caps import MIB, Caps

    caps = Caps(workers, queue, time_limit, job_time_limit, memory * MIB)
    with _bound(host, port) as listener, door.store() as store:
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}"
        print(f"serving {store.url} at {address} (Ctrl-C ends it)", file=sys.stderr, flush=True)  # noqa: T201
        app = create_app(store, caps=caps)
        app.state.holdings.pool.warm()
        Server(app).run(sockets=[listener])
    return 0


def check_host(host: str) -> None:
    """BadRequest for an address that others can reach: there are no tokens yet that would keep them out."""
    if host not in LOOPBACK:
        raise BadRequest(
            f"the address {host!r} is not this machine's own, and the service has no access control yet: anyone "
            f"who reaches it could read and change the store; {', '.join(LOOPBACK)} are accepted",
            code="not_loopback",
            details={"found": host, "accepted": list(LOOPBACK)},
        )


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise BadRequest(
            f"port {port} of {host} cannot be taken: {error.strerror}; --port 0 takes a free one",
            code="port_taken",
            details={"host": host, "port": port},
        ) from error
    return listener
