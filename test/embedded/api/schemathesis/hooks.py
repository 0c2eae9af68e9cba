"""Tells schemathesis which sessions exist and which code is harmless; it cannot know either."""

import json
import os
from itertools import cycle

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation

URL = os.environ["STEPPE_URL"]
AUTHORIZATION = {"Authorization": f"Bearer {os.environ['STEPPE_TOKEN']}"}
# A session that is changed, one whose only step is kept, and one that may be deleted.
BUSY = os.environ["STEPPE_BUSY_SESSION"]
QUIET = os.environ["STEPPE_QUIET_SESSION"]
DOOMED = os.environ["STEPPE_DOOMED_SESSION"]
STEP = os.environ["STEPPE_STEP"]

AIMS = {"delete_session": DOOMED} | dict.fromkeys(
    ["list_steps", "get_step", "follow_step", "cancel_step"], QUIET
)
# Local mode runs code with the rights of the person who started it, so it must be harmless.
HARMLESS = cycle(
    ["", "20 + 22", "print('x' * 100)", "1 / 0", "raise SystemExit(3)", "{'text/html': '<b>'}", "("]
)
ENTITY_TAGS = cycle(["*", '"1f-18c2a7"', 'W/"1f", "2a"'])


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """Checks streams event by event, which OpenAPI 3.1 cannot express."""
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                for media_type, media in response.get("content", {}).items():
                    item = media.get("x-item-schema")
                    if item:
                        media["schema"] = (
                            item
                            if media_type == "text/event-stream"
                            else {"type": "array", "items": item}
                        )


@schemathesis.deserializer("text/event-stream")
def decode_sse(context, response):
    lines = response.content.decode().splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


@schemathesis.deserializer("application/x-ndjson")
def decode_ndjson(context, response):
    return [json.loads(line) for line in response.content.decode().splitlines()]


@schemathesis.hook
def filter_case(context, case):
    """Skips cases with an unknown header: the API ignores it, so the request is not invalid."""
    return "x-schemathesis-unknown-property" not in (case.headers or {})


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw["operationId"]
    if is_valid(case, ParameterLocation.PATH):
        aim(case, operation)
        if operation == "put_file" and case.path_parameters["path"].endswith("/"):
            # A directory has no body, which the document cannot say of one form of a path.
            case.body = b""
    if is_valid(case, ParameterLocation.QUERY):
        # A cursor is opaque: the API refuses one that it did not issue.
        case.query.pop("cursor", None)
    if is_valid(case, ParameterLocation.HEADER):
        # Schemathesis generates none that match the pattern of entity tags.
        for name in {"If-Match", "If-None-Match"} & set(case.headers or ()):
            case.headers[name] = next(ENTITY_TAGS)
    if (
        operation == "run_step"
        and isinstance(case.body, dict)
        and isinstance(case.body.get("code"), str)
    ):
        case.body["code"] = next(HARMLESS)
    if isinstance(case.body, dict) and is_valid(case, ParameterLocation.BODY):
        keep_within_limits(case.body, operation)


@schemathesis.hook
def after_call(context, case, response):
    """Deletes new sessions, so that not every later create exceeds the quota."""
    if case.operation.definition.raw[
        "operationId"
    ] == "create_session" and response.status_code in (201, 202):
        requests.delete(
            f"{URL}/v1/sessions/{response.json()['session_id']}", headers=AUTHORIZATION, timeout=20
        )


def is_valid(case, location):
    """Whether that part is valid by the document; parts from an example have no mode."""
    component = case.meta and case.meta.components.get(location)
    return component is None or component.mode.is_positive


def aim(case, operation):
    parameters = case.path_parameters
    if "session_id" in parameters:
        parameters["session_id"] = AIMS.get(operation, BUSY)
    if "step_id" in parameters:
        parameters["step_id"] = STEP


def keep_within_limits(body, operation):
    """Keeps the body within limits that no schema states: an operator's, and existing state."""
    for name in ("ttl_seconds", "idle_timeout_seconds"):
        if name in body and operation in ("create_session", "patch_session"):
            body[name] = 600 + body[name] % 600
    if operation == "create_session":
        body.pop("resources", None)
        body["runtime"] = "python"
    if operation == "patch_session" and "metadata" in body:
        body["metadata"] = {
            f"key-{index % 4}": value for index, value in enumerate(body["metadata"].values())
        }
