"""What schemathesis cannot know of this API: which sessions live, and which code harms nobody."""

import json
import os
from itertools import cycle

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation

URL = os.environ["STEPPE_URL"]
AUTHORIZATION = {"Authorization": f"Bearer {os.environ['STEPPE_TOKEN']}"}
# One that is written to, one whose only step stays remembered, and one to end.
BUSY = os.environ["STEPPE_BUSY_SESSION"]
QUIET = os.environ["STEPPE_QUIET_SESSION"]
DOOMED = os.environ["STEPPE_DOOMED_SESSION"]
STEP = os.environ["STEPPE_STEP"]

AIMS = {"delete_session": DOOMED} | dict.fromkeys(
    ["list_steps", "get_step", "follow_step", "cancel_step"], QUIET
)
# Local mode runs code as the person who started it.
HARMLESS = cycle(
    ["", "20 + 22", "print('x' * 100)", "1 / 0", "raise SystemExit(3)", "{'text/html': '<b>'}", "("]
)
ENTITY_TAGS = cycle(["*", '"1f-18c2a7"', 'W/"1f", "2a"'])


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """A stream is checked event by event, which OpenAPI 3.1 has no word for."""
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
    """A header that the API does not know breaks nothing."""
    return "x-schemathesis-unknown-property" not in (case.headers or {})


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw["operationId"]
    if is_valid(case, ParameterLocation.PATH):
        aim(case, operation)
    if is_valid(case, ParameterLocation.QUERY):
        # A cursor is opaque: one that nobody gave is refused.
        case.query.pop("cursor", None)
    if is_valid(case, ParameterLocation.HEADER):
        # It makes none that keep to the pattern of entity tags.
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
    """Sessions are given back, so that the quota is not all that is seen."""
    if case.operation.definition.raw[
        "operationId"
    ] == "create_session" and response.status_code in (201, 202):
        requests.delete(
            f"{URL}/v1/sessions/{response.json()['session_id']}", headers=AUTHORIZATION, timeout=20
        )


def is_valid(case, location):
    """Whether that part keeps to the document; what comes from an example has no mode."""
    component = case.meta and case.meta.components.get(location)
    return component is None or component.mode.is_positive


def aim(case, operation):
    parameters = case.path_parameters
    if "session_id" in parameters:
        parameters["session_id"] = AIMS.get(operation, BUSY)
    if "step_id" in parameters:
        parameters["step_id"] = STEP


def keep_within_limits(body, operation):
    """An operator's limits and what is there already are in no schema."""
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
