"""Who may use the service: nobody's token on loopback without users, and roles with them."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from agent.service.auth import check_address
from tests.support.running_service import served
from tests.support.scripted_model import in_turn
from tools.engine.errors import CannotDo
from tools.settings import Settings
from tools.workbench import Workbench, open_workbench

PROBLEM = "application/problem+json"


@pytest.fixture
def tokens(bench: Workbench) -> dict[str, str]:
    """A user of each role."""
    return {name: bench.users.add(name, name) for name in ("owner", "annotator", "viewer")}


@pytest.fixture
def anyone(bench: Workbench, tokens: dict[str, str]) -> Iterator[httpx.Client]:
    """A client of a service with users, who says nothing of who it is."""
    assert tokens
    with served(bench, in_turn(), local=False) as opened:
        yield opened


def _as(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_without_users_this_machine_needs_no_token(client: httpx.Client) -> None:
    me = client.get("/me").json()
    assert (me["name"], me["role"]) == ("local", "owner")
    assert client.get("/users").json() == []


def test_a_wrong_token_is_refused_also_where_none_is_needed(client: httpx.Client) -> None:
    assert client.get("/me", headers=_as("laud_wrong")).status_code == 401


def test_with_the_first_user_tokens_are_needed_at_once(client: httpx.Client) -> None:
    refused = client.post("/users", json={"name": "ada", "role": "viewer"})
    assert (refused.status_code, refused.headers["content-type"]) == (422, PROBLEM)
    assert "first user must be an owner" in refused.json()["detail"]
    made = client.post("/users", json={"name": "ada", "role": "owner"})
    assert made.status_code == 201
    assert client.get("/me").status_code == 401
    me = client.get("/me", headers=_as(made.json()["token"])).json()
    assert (me["name"], me["role"]) == ("ada", "owner")


def test_the_page_says_who_has_logged_in_and_nobody_else_can(workspace: Path) -> None:
    secret = "a secret of the service and its page"  # noqa: S105 - of this test
    settings = Settings(workspace=workspace, page_token=SecretStr(secret))
    with open_workbench(settings, write=True, attended=False) as bench:
        owner = bench.users.add("olga", "owner")
        bench.users.add("äda+labels@example.com", "viewer")
        with served(bench, in_turn()) as client:

            def asked(path: str, token: str | None, name: str, method: str = "GET") -> tuple[int, str]:
                headers = {} if token is None else _as(token)
                answer = client.request(method, path, headers={**headers, "X-LAUD-User": quote(name)}, json={})
                return answer.status_code, answer.json().get("name") or answer.json()["detail"]

            assert asked("/me", secret, "äda+labels@example.com") == (200, "äda+labels@example.com")
            assert asked("/me", secret, "olga") == (200, "olga")
            status, said = asked("/conversations", secret, "äda+labels@example.com", "POST")
            assert (status, "needs the role owner" in said) == (403, True)
            status, said = asked("/me", secret, "eve@example.com")
            assert (status, "'eve@example.com', who is no user here" in said) == (403, True)
            assert asked("/me", secret, "local")[0] == 403
            assert asked("/me", None, "olga")[0] == 401
            assert asked("/me", f"{secret}.", "olga")[0] == 401
            assert asked("/me", owner, "äda+labels@example.com") == (200, "olga"), "who has a token is who it says"
            assert client.get("/me", headers=_as(secret)).status_code == 401, "the page alone is nobody"
            bench.users.remove("äda+labels@example.com")
            assert asked("/me", secret, "äda+labels@example.com")[0] == 403


def test_without_a_secret_of_the_page_nobody_is_believed(client: httpx.Client, tokens: dict[str, str]) -> None:
    assert tokens
    for token in ("x", "None", "laud_wrong"):
        assert client.get("/me", headers={**_as(token), "X-LAUD-User": "owner"}).status_code == 401
    with pytest.raises(ValidationError, match="page_token"):
        Settings(page_token=SecretStr("short"))


def test_a_service_that_others_reach_needs_users(bench: Workbench) -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        check_address(bench, host)
    with pytest.raises(CannotDo, match=r"0\.0\.0\.0.*laud user add NAME --role owner"):
        check_address(bench, "0.0.0.0")  # noqa: S104 - refused
    bench.users.add("ada", "owner")
    check_address(bench, "0.0.0.0")  # noqa: S104 - nothing listens


READS = ["/me", "/pools", "/tasks", "/jobs", "/models", "/events", "/conversations", "/uploads", "/exports", "/metrics"]


@pytest.mark.parametrize("path", READS)
def test_everybody_with_a_token_reads(anyone: httpx.Client, tokens: dict[str, str], path: str) -> None:
    nobody = anyone.get(path)
    assert (nobody.status_code, nobody.headers["content-type"]) == (401, PROBLEM)
    assert nobody.headers["www-authenticate"] == "Bearer"
    for token in tokens.values():
        assert anyone.get(path, headers=_as(token)).status_code == 200


def test_health_needs_no_token(anyone: httpx.Client) -> None:
    assert anyone.get("/health/live").status_code == anyone.get("/health/ready").status_code == 200


def test_only_owners_change_and_annotators_also_label(anyone: httpx.Client, tokens: dict[str, str]) -> None:
    changes = [
        ("POST", "/conversations", {}),
        ("POST", "/pools/p/texts", {"file": "x.csv"}),
        ("PUT", "/tasks/t", {"name": "t"}),
        ("POST", "/tasks/t/rounds", {}),
        ("DELETE", "/tasks/t", None),
        ("DELETE", "/jobs/j", None),
        ("GET", "/users", None),
        ("POST", "/users", {"name": "eve", "role": "owner"}),
        ("POST", "/tasks/t/exports", {}),
    ]
    for method, path, body in changes:
        for role in ("viewer", "annotator"):
            answer = anyone.request(method, path, json=body, headers=_as(tokens[role]))
            assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM), (method, path, role)
        assert anyone.request(method, path, json=body, headers=_as(tokens["owner"])).status_code != 403
    labels = {"labels": {"a": "b"}}
    answers = {
        role: anyone.post("/tasks/t/labels", json=labels, headers=_as(token)).status_code
        for role, token in tokens.items()
    }
    assert answers == {"viewer": 403, "annotator": 404, "owner": 404}


def test_a_removed_user_is_out_at_once_and_the_last_owner_stays(anyone: httpx.Client, tokens: dict[str, str]) -> None:
    owner = _as(tokens["owner"])
    assert anyone.get("/me", headers=_as(tokens["viewer"])).status_code == 200
    assert anyone.delete("/users/viewer", headers=owner).status_code == 204
    assert anyone.get("/me", headers=_as(tokens["viewer"])).status_code == 401
    kept = anyone.delete("/users/owner", headers=owner)
    assert (kept.status_code, kept.json()["detail"].startswith("'owner' is the last owner")) == (409, True)
    assert anyone.delete("/users/nobody", headers=owner).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]:1"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example:8765"}, 403),
        ({"Host": "[bad"}, 403),
        ({"Origin": "http://127.0.0.1:8501"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_pages_of_other_sites_are_kept_out_where_no_token_is_needed(
    client: httpx.Client, headers: dict[str, str], status: int
) -> None:
    answer = client.get("/me", headers=headers)
    assert answer.status_code == status
    assert status == 200 or answer.headers["content-type"] == PROBLEM


def test_tokens_are_in_no_log_and_no_metric(
    anyone: httpx.Client, tokens: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    anyone.get("/pools", params={"q": "secret words"}, headers=_as(tokens["owner"]))
    metrics = anyone.get("/metrics", headers=_as(tokens["viewer"])).text
    said = metrics + "".join(
        f"{record.getMessage()} {record.__dict__}" for record in caplog.records if record.name.startswith("agent")
    )
    assert "request" in said
    assert tokens["owner"] not in said
    assert "secret words" not in said
