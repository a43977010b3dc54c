"""What every request passes: keys, rights, names, forms, and what people and programs are told."""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from tests.fakes.asking import asker

from sweepyard.domain.access import Role
from sweepyard.hub.app import create_app, routes
from sweepyard.settings import Settings
from sweepyard.web.hosts import Addresses

EVIL = "<script>alert(1)</script>\"'&"
HTML = {"Accept": "text/html,application/xhtml+xml"}
UPSERT = 'mutation { upsertBucket(input: {name: "r", modelName: "p", host: "h"}) { bucket { id } } }'
ADDRESSES = Addresses("http://127.0.0.1:8080")


@pytest.fixture
def every_route(door: Any, tmp_path: Any) -> list[Route]:
    settings = Settings(home=tmp_path, cache=tmp_path)
    listed = routes(door.services, settings=settings, addresses=ADDRESSES)
    return [route for route in listed if isinstance(route, Route)]


def session(door: Any, role: Role = Role.WRITE) -> dict[str, str]:
    entered = door.ask("POST", "/login", data={"key": door.keys[role], "next": "/"})
    return {"Cookie": entered.headers["set-cookie"].split(";")[0], **HTML}


def filled(route: Route) -> str:
    return re.sub(r"\{[^}]*\}", "x", route.path)


def test_every_changing_route_refuses_forms_of_other_sites(door: Any, every_route: list[Route]) -> None:
    tried = 0
    for route in every_route:
        for method in (route.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            headers = {**session(door), "Origin": "https://evil.example"}
            answer = door.ask(method, filled(route), headers=headers, auth=("api", door.keys[Role.ADMIN]))
            assert answer.status_code == 403, route.path
            tried += 1
    assert tried >= 5


def test_every_route_but_a_few_needs_a_key_or_a_session(door: Any, every_route: list[Route]) -> None:
    open_to_all = {"/healthz", "/login", "/logout"}
    for route in every_route:
        if route.path in open_to_all:
            continue
        for method in (route.methods or set()) - {"HEAD"}:
            answer = door.ask(method, filled(route))
            led_to_login = answer.status_code == 303 and answer.headers["location"].startswith("/login")
            # Addresses with a token of their own say that it is none.
            assert led_to_login or answer.status_code in {401, 403}, (method, route.path, answer.status_code)


@pytest.mark.parametrize("key", ["", "x", "0" * 40, "local-" + "0" * 40, "admin", "é" * 40])
def test_a_wrong_key_is_nobodys(door: Any, key: str) -> None:
    """The fault of another server: it took a wrong key for the administrator."""
    for ask in (
        lambda: door.ask("POST", "/graphql", json={"query": "{ viewer { username admin } }"}, auth=("api", key)),
        lambda: door.ask("POST", "/files/lab/p/r/file_stream", json={}, auth=("api", key)),
        lambda: door.ask("GET", "/files/lab/p/r/a.txt", auth=("api", key)),
    ):
        answer = ask()
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["code"] == "unauthenticated"
        assert "data" not in answer.json()


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Basic eA==", "Bearer x", "Basic " + "A" * 5000])
def test_a_malformed_key_is_told_as_such(door: Any, header: str) -> None:
    answer = door.ask("POST", "/graphql", json={"query": "{ viewer { id } }"}, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"] == "unauthenticated"


def test_a_revoked_key_and_a_removed_user_are_out_with_the_next_request(door: Any) -> None:
    access = door.services.access
    query = {"query": "{ viewer { username } }"}
    key = access.create_key("write")
    stored = access.import_key("write", key)
    assert door.ask("POST", "/graphql", json=query, auth=("api", key)).status_code == 200
    access.revoke_key(stored.key_id)
    assert door.ask("POST", "/graphql", json=query, auth=("api", key)).status_code == 401
    access.remove_user("read")
    assert door.ask("POST", "/graphql", json=query, auth=("api", door.keys[Role.READ])).status_code == 401


def test_a_key_is_digested_once_a_request_and_fast(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault of another server: it hashed the key slowly on each request."""
    digested = []
    sha256 = hashlib.sha256

    def counting(data: bytes = b"") -> Any:
        digested.append(data)
        return sha256(data)

    monkeypatch.setattr(hashlib, "sha256", counting)
    for slow in ("scrypt", "pbkdf2_hmac"):
        monkeypatch.setattr(hashlib, slow, lambda *_, **__: pytest.fail("a slow digest"))
    assert door.post("{ viewer { username } }", role=Role.READ).status_code == 200
    assert digested == [door.keys[Role.READ].encode()]


def strange(door: Any) -> str:
    """A user of another entity; their key."""
    door.services.access.add_user("eve", role=Role.WRITE)
    return str(door.services.access.create_key("eve"))


def test_a_stranger_gets_nothing_of_another_entity_by_any_route(door: Any) -> None:
    run_id = door.data(UPSERT)["upsertBucket"]["bucket"]["id"]
    files = 'mutation { createRunFiles(input: {entityName: "lab", projectName: "p", runName: "r", files: ["a.txt"]}) '
    upload = door.data(files + "{ files { uploadUrl } } }")["createRunFiles"]["files"][0]["uploadUrl"]
    assert door.ask("PUT", upload, content=b"x").status_code == 200
    auth = ("api", strange(door))
    assert door.ask("POST", "/files/lab/p/r/file_stream", json={}, auth=auth).status_code == 403
    assert door.ask("GET", "/files/lab/p/r/a.txt", auth=auth).status_code == 403
    assert door.ask("GET", "/artifacts/lab/" + "0" * 32, auth=auth).status_code == 403
    for query, code in (
        ('{ project(name: "p", entityName: "lab") { id } }', "forbidden"),
        ('{ models(entityName: "lab") { edges { node { id } } } }', "forbidden"),
        (f'mutation {{ stopRun(input: {{id: "{run_id}"}}) {{ success }} }}', "forbidden"),
        (f'mutation {{ deleteRun(input: {{id: "{run_id}"}}) {{ clientMutationId }} }}', "forbidden"),
        ('mutation { upsertBucket(input: {name: "r", modelName: "p", entityName: "lab"}) { inserted } }', "forbidden"),
        ('mutation { upsertModel(input: {name: "p", entityName: "lab"}) { inserted } }', "forbidden"),
    ):
        answer = door.ask("POST", "/graphql", json={"query": query}, auth=auth)
        assert [error["code"] for error in answer.json()["errors"]] == [code], query
    for query, data in (
        ('{ entity(name: "lab") { id } }', {"entity": None}),
        ('{ users(query: "write") { edges { node { id } } } }', {"users": {"edges": []}}),
        ("{ viewer { username entity teams { edges { node { name } } } } }", None),
    ):
        answer = door.ask("POST", "/graphql", json={"query": query}, auth=auth).json()
        assert answer["data"] == data or answer["data"]["viewer"] == {
            "username": "eve",
            "entity": "eve",
            "teams": {"edges": [{"node": {"name": "eve"}}]},
        }


def test_a_strangers_session_shows_nothing_of_another_entity(door: Any) -> None:
    door.data(UPSERT)
    entered = door.ask("POST", "/login", data={"key": strange(door), "next": "/"})
    headers = {"Cookie": entered.headers["set-cookie"].split(";")[0], **HTML}
    assert "lab/p" not in door.ask("GET", "/", headers=headers).text
    assert "lab/p" in door.ask("GET", "/", headers=session(door)).text
    for path in ("/lab/p", "/lab/p/runs/r", "/lab/p/sweeps/s", "/lab/none", "/files/lab/p/r/a.txt"):
        answer = door.ask("GET", path, headers=headers)
        assert answer.status_code == 403, path
        assert "eve does not belong to the entity" in answer.text


def test_a_member_of_a_team_works_in_it_until_the_membership_ends(door: Any) -> None:
    auth = ("api", strange(door))
    door.services.access.add_team("red", members=["eve"])
    query = {"query": 'mutation { upsertBucket(input: {name: "r", modelName: "p", entityName: "red"}) { inserted } }'}
    assert door.ask("POST", "/graphql", json=query, auth=auth).json()["data"]["upsertBucket"]["inserted"] is True
    team = {"query": '{ entity(name: "red") { isTeam entityType members { username } } }'}
    assert door.ask("POST", "/graphql", json=team, auth=auth).json()["data"]["entity"] == {
        "isTeam": True,
        "entityType": "team",
        "members": [{"username": "eve"}],
    }
    door.services.access.remove_member("red", "eve")
    errors = door.ask("POST", "/graphql", json=query, auth=auth).json()["errors"]
    assert errors[0]["code"] == "forbidden"


def test_a_reader_may_not_even_by_a_question(door: Any) -> None:
    """Asking how to resume notes that a client will: a query that writes."""
    door.data(UPSERT)
    answer = door.post('{ project(name: "p") { bucket(name: "r", missingOk: true) { id } } }', role=Role.READ).json()
    assert answer["errors"][0]["code"] == "forbidden"


@pytest.mark.parametrize("path", ["/no/such/page/at/all", "/x", "/lab/p/runs/r/more", "/static/none.css"])
def test_a_page_that_is_not_there_is_a_page_for_people_and_json_for_programs(door: Any, path: str) -> None:
    shown = door.ask("GET", path, headers=session(door))
    assert shown.status_code == 404
    assert shown.headers["content-type"].startswith("text/html")
    assert "<h1>" in shown.text
    told = door.ask("GET", path, headers={"Accept": "*/*"})
    assert told.status_code == 404
    assert told.json()["errors"][0]["code"] == "route"


def test_people_are_told_in_html_what_programs_are_told_in_json(door: Any) -> None:
    for method, path, headers, status in (
        ("GET", "/graphql", {}, 405),
        ("GET", "/", {"Host": "evil.example"}, 421),
        ("POST", "/logout", {"Origin": "https://evil.example"}, 403),
        ("GET", "/storage/x.y/z", {}, 403),
    ):
        shown = door.ask(method, path, headers={**session(door), **headers})
        assert (shown.status_code, shown.headers["content-type"][:9]) == (status, "text/html"), path
        told = door.ask(method, path, headers=headers)
        assert told.status_code == status
        assert set(told.json()["errors"][0]) == {"message", "code"}


def test_a_person_without_a_session_is_led_to_the_login_and_back_to_the_file(door: Any) -> None:
    answer = door.ask("GET", "/files/lab/p/r/a.txt", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/files/lab/p/r/a.txt")


def test_every_answer_carries_the_security_headers(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(door.services.streams), "submit", broken)
    auth = ("api", door.keys[Role.WRITE])
    answers = [
        door.ask("GET", "/healthz"),
        door.ask("GET", "/login"),
        door.ask("GET", "/nothing"),
        door.ask("GET", "/", headers={"Host": "evil.example"}),
        door.ask("POST", "/login", headers={"Origin": "https://evil.example"}),
        door.ask("POST", "/files/lab/p/r/file_stream", json={}, auth=auth),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 421, 403, 500]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe-eval" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a.html", False), ("a.svg", False), ("a.xhtml", False), ("a.js", False), ("a.pdf", False), ("a.png", True)],
)
def test_an_uploaded_file_runs_nothing_in_the_browser(door: Any, name: str, shown: bool) -> None:
    door.data(UPSERT)
    query = """mutation ($f: [String!]!) {
      createRunFiles(input: {entityName: "lab", projectName: "p", runName: "r", files: $f}) {
        files { uploadUrl directUrl } } }"""
    [file] = door.data(query, {"f": [name]})["createRunFiles"]["files"]
    assert door.ask("PUT", file["uploadUrl"], content=EVIL.encode()).status_code == 200
    for answer in (
        door.ask("GET", f"/files/lab/p/r/{name}", headers=session(door)),
        door.ask("GET", file["directUrl"], headers=HTML),
    ):
        assert answer.content == EVIL.encode()
        assert answer.headers["content-disposition"].startswith("inline" if shown else "attachment")
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["../up", "a/../../up", "/etc/passwd", "..", "a\\..\\..\\up", "%2e%2e/up", "a\x00b", "." * 300, "é" * 3000]
)
def test_no_file_name_leaves_the_runs_folder(door: Any, name: str) -> None:
    """Bytes are kept by their digest, so a name cannot lead anywhere; and a client that downloads is protected too."""
    door.data(UPSERT)
    query = """mutation ($f: [String!]!) {
      createRunFiles(input: {entityName: "lab", projectName: "p", runName: "r", files: $f}) { files { name } } }"""
    answer = door.post(query, {"f": [name]}).json()
    if "errors" in answer:
        assert answer["errors"][0]["code"] == "invalid"
    else:
        [file] = answer["data"]["createRunFiles"]["files"]
        assert not file["name"].startswith("/")
        assert ".." not in file["name"].split("/")


@pytest.mark.parametrize(
    "path", ["/files/lab/p/r/%2e%2e/%2e%2e/%2e%2e/x", "/files/lab/p/r/..%2f..%2f..%2fetc%2fpasswd"]
)
def test_no_address_leaves_the_store(door: Any, path: str) -> None:
    door.data(UPSERT)
    assert door.ask("GET", path, auth=("api", door.keys[Role.READ])).status_code in {400, 404}


def test_behind_a_proxy_forms_links_and_cookies_are_those_of_the_public_address(door: Any, tmp_path: Any) -> None:
    addresses = Addresses("http://127.0.0.1:8080", ("https://lab.example",), behind_proxy=True)
    ask = asker(create_app(door.services, settings=Settings(home=tmp_path, cache=tmp_path), addresses=addresses))
    for host in ("lab.example", "127.0.0.1:8080"):  # as the proxy passes it on, or as it calls the hub
        headers = {"Host": host, "Origin": "https://lab.example"}
        entered = ask("POST", "/login", data={"key": door.keys[Role.WRITE]}, headers=headers)
        assert entered.status_code == 303
        assert "secure" in entered.headers["set-cookie"].lower()
    assert ask("POST", "/login", headers={"Host": "lab.example", "Origin": "http://evil.example"}).status_code == 403
    door.data(UPSERT)
    query = 'mutation { createRunFiles(input: {entityName: "lab", projectName: "p", runName: "r", files: ["a"]}) '
    answer = ask(
        "POST",
        "/graphql",
        json={"query": query + "{ files { uploadUrl } } }"},
        auth=("api", door.keys[Role.WRITE]),
        headers={"Host": "127.0.0.1:8080"},
    ).json()
    assert answer["data"]["createRunFiles"]["files"][0]["uploadUrl"].startswith("https://lab.example/storage/")


def test_a_route_that_forgets_to_ask_reaches_nothing(door: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from sweepyard.hub import app as hub_app

    def forgetful(request: Any) -> Any:
        from starlette.responses import JSONResponse

        return JSONResponse({"entities": door.services.projects.entities()})

    door.data(UPSERT)
    assert door.services.projects.entities() == ("lab",)
    monkeypatch.setattr(hub_app, "routes", lambda *_, **__: [Route("/forgetful", forgetful)])
    ask = asker(create_app(door.services, settings=Settings(home=tmp_path, cache=tmp_path), addresses=ADDRESSES))
    assert ask("GET", "/forgetful").json() == {"entities": []}


def test_all_routes_are_known_to_these_tests(door: Any, tmp_path: Any) -> None:
    listed = routes(door.services, settings=Settings(home=tmp_path, cache=tmp_path), addresses=ADDRESSES)
    assert [type(item) for item in listed if not isinstance(item, Route)] == [Mount]
    assert isinstance(listed, list)
    assert Starlette(routes=listed).routes == listed
