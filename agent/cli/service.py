"""`laud serve`, `laud ui`, `laud up`, `laud user`: the service, its web page, and who may use them."""

import os
import sys
from secrets import token_urlsafe
from typing import Annotated, cast

import typer

from agent.cli.session import JsonOption, WorkspaceOption, print_json, read_settings, say, workbench
from tools.engine.records import UserRole

HostOption = Annotated[str, typer.Option(help="Address to listen at; others than 127.0.0.1 need users")]
PortOption = Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen at; 0 takes a free one")]
PORT = 8765
PAGE_PORT = 8501
PAGE_TOKEN = "LAUD_PAGE_TOKEN"  # noqa: S105 - the name of the variable
PagePortOption = Annotated[int, typer.Option(min=0, max=65_535, help="Port of the web page; 0 takes a free one")]

users = typer.Typer(help="Users of the service. Without any, it serves this machine only and asks for no token.")


def serve(host: HostOption = "127.0.0.1", port: PortOption = PORT, workspace: WorkspaceOption = None) -> None:
    """Serve the workspace over HTTP, until it is stopped."""
    from agent.service.server import serve as run  # noqa: PLC0415 - `laud --help` loads nothing heavy
    from agent.supervised import end_with_supervisor  # noqa: PLC0415 - as above

    end_with_supervisor()
    run(read_settings(workspace), host=host, port=port)


def ui(
    host: HostOption = "127.0.0.1",
    port: PagePortOption = PAGE_PORT,
    service: Annotated[
        str | None, typer.Option(help="Address of the service [default: that of the workspace, or port 8765]")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show the web page of a service, until it is stopped."""
    from agent.page import page_of  # noqa: PLC0415 - as above
    from tools.whereabouts import service_url  # noqa: PLC0415 - as above

    settings = read_settings(workspace)
    found = service or service_url(settings.workspace) or f"http://127.0.0.1:{PORT}"
    page = page_of(found, host=host, port=port, max_upload=settings.max_upload)
    _report(f"the page is at {page.url}")
    # In the place of this process, so that signals reach the page and its exit code is ours.
    os.execve(page.command[0], list(page.command), {**os.environ, **page.environment})  # noqa: S606 - a fixed command


def up(
    host: HostOption = "127.0.0.1",
    port: PortOption = PORT,
    page_port: PagePortOption = PAGE_PORT,
    workspace: WorkspaceOption = None,
) -> None:
    """Start the service and its web page, and start again what dies; Ctrl-C stops both."""
    from agent.page import reached, usable_port  # noqa: PLC0415 - as above
    from agent.supervisor import Supervisor  # noqa: PLC0415 - as above

    # Both get it: the page may then say who has logged in there.
    os.environ.setdefault(PAGE_TOKEN, token_urlsafe(32))
    # Chosen once: what is started again is found where it was.
    port, page_port = usable_port(host, port), usable_port(host, page_port)
    laud = [sys.executable, "-P", "-c", "from agent.cli import main; main()"]  # -P: a folder here is no package of ours
    where = [] if workspace is None else ["--workspace", str(workspace)]
    serving = [*laud, "serve", "--host", host, "--port", str(port), *where]
    showing = [*laud, "ui", "--host", host, "--port", str(page_port), "--service", reached(host, port)]
    raise typer.Exit(Supervisor({"the service": serving, "the page": showing}, say=_report).run())


@users.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the user")],
    role: Annotated[str, typer.Option(help="owner, annotator (labels) or viewer (reads)")] = "annotator",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a user and show the token, this once. The first user must be an owner."""
    from pydantic import ValidationError  # noqa: PLC0415 - as above

    from agent.service.auth import add_user  # noqa: PLC0415 - as above
    from agent.service.wire import NewUser  # noqa: PLC0415 - as above
    from tools.engine.errors import AskAgain  # noqa: PLC0415 - as above

    try:
        user = NewUser(name=name, role=cast("UserRole", role))
    except ValidationError as error:
        wrong = error.errors()[0]
        raise AskAgain(f"The {wrong['loc'][0]} {wrong['input']!r} cannot be taken: {wrong['msg']}.") from error
    with workbench(workspace, write=False) as bench:
        token = add_user(bench, user.name, user.role)
    if as_json:
        print_json({"name": user.name, "role": user.role, "token": token})
        return
    say(f"{user.name} is {user.role}. The token, which is not shown again:")
    say(token)


@users.command("list")
def list_users(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Show all users."""
    with workbench(workspace, write=False) as bench:
        found = bench.users.list()
    if as_json:
        print_json({"users": found})
        return
    for user in found:
        say(f"{user.name}: {user.role}, since {user.created_at:%Y-%m-%d}")
    if not found:
        say("No users: the service serves this machine only. Add one with: laud user add NAME --role owner")


@users.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of the user")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a user; the token is void at once."""
    from agent.service.auth import remove_user  # noqa: PLC0415 - as above

    with workbench(workspace, write=False) as bench:
        remove_user(bench, name)
    if as_json:
        print_json({"removed": name})
    else:
        say(f"{name} is removed.")


def _report(line: str) -> None:
    sys.stderr.write(f"laud: {line}\n")
