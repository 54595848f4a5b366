"""A CKAN server of a few actions on 127.0.0.1: keeps packages, checks names and keys."""

import json
import re
import uuid
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

KEY = "a-very-secret-key"


class Portal(ThreadingHTTPServer):
    """What is on the server, and what was asked of it."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.packages = {}
        self.asked = []
        self.elsewhere = None
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        action = self.path.rsplit("/", 1)[1]
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = self.headers.get("Authorization")
        self.server.asked.append((action, data, key))
        if self.server.elsewhere:
            self.send_response(302)
            self.send_header("Location", f"{self.server.elsewhere}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        status, answer = self._answer(action, data, key)
        body = json.dumps({"help": self.path, **answer}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, action, data, key):
        held = self.server.packages
        if action == "package_show":
            found = [p for p in held.values() if data["id"] in (p["id"], p["name"])]
            if found:
                return 200, {"success": True, "result": found[0]}
            return 404, _error("Not Found Error", message="Not found")
        if key != KEY:
            return 403, _error("Authorization Error", message="Access denied")
        problems = _problems(data)
        if problems:
            return 409, _error("Validation Error", **problems)
        before = held.get(data.get("id"), {})
        package = {"state": "active", **before, **data, "id": data.get("id", str(uuid.uuid4()))}
        if action == "package_update":
            package = {"state": "active", **data}
        # as CKAN keeps them: in an order of its own, with ids
        package["tags"] = sorted(package["tags"], key=lambda tag: tag["name"])
        package["extras"] = sorted(package["extras"], key=lambda extra: extra["key"])
        for resource in package["resources"]:
            resource.setdefault("id", str(uuid.uuid4()))
        if "owner_org" in data:
            package["organization"] = {"id": "org-id", "name": data["owner_org"]}
            package["owner_org"] = "org-id"
        held[package["id"]] = package
        return 200, {"success": True, "result": package}

    def log_message(self, *_):
        pass


def _error(kind, **told):
    return {"success": False, "error": {"__type": kind, **told}}


def _problems(package):
    """What CKAN would refuse."""
    problems = {}
    if not re.fullmatch(r"[a-z0-9_-]{2,100}", package["name"]):
        problems["name"] = ["Must be purely lowercase alphanumeric and these symbols: -_"]
    for tag in package["tags"]:
        if not re.fullmatch(r"[\w \-.]{2,100}", tag["name"]):
            problems["tags"] = [f"Tag {tag['name']} must be alphanumeric"]
    keys = [extra["key"] for extra in package["extras"]]
    if len(set(keys)) < len(keys) or any(not extra["value"] for extra in package["extras"]):
        problems["extras"] = ["There is a schema field with the same name, or no value"]
    if package["name"] == "refused":
        problems["owner_org"] = ["An organization must be provided"]
    return problems


@contextmanager
def serving():
    """Yield a running portal."""
    portal = Portal()
    thread = Thread(target=portal.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield portal
    finally:
        portal.shutdown()
        portal.server_close()
