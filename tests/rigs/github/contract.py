"""Exchanges on record ─► where they break GitHub's published contract.

Requests are held against GitHub's OpenAPI and its GraphQL schema, and so are the replies that are
ours rather than emulate's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from urllib.parse import parse_qsl, quote

import graphql
from graphql.execution.values import get_variable_values
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from rigs import node
from rigs.github import attachments
from rigs.github.exchange import Exchange, Request
from rigs.github.graphql import schema

# The last parameter of these paths may have slashes, which OpenAPI cannot say.
_MANY_SEGMENTS = re.compile(
    r"(/repos/[^/]+/[^/]+/(?:git/(?:ref|refs|matching-refs|trees)|contents|compare|branches|"
    r"commits)/)(.+)"
)
_JSON = "application/json"


@cache
def _openapi() -> OpenAPI:
    path = node.package_file("@octokit", "openapi", "generated", "api.github.com.json")
    # Validating the description itself takes 15 s, and fails.
    return OpenAPI.from_dict(json.loads(path.read_bytes()), config=Config(spec_validator_cls=None))


def breaches(exchanges: Iterable[Exchange]) -> list[str]:
    """Say what was asked or answered against the contract, a line each; none if all is well."""
    found = []
    for exchange in exchanges:
        if exchange.source == "git" or not _is_api(exchange.request.path):
            continue
        if exchange.request.path == "/graphql":
            said = list(_graphql(exchange.request.body))
        else:
            said = _rest(exchange)
        found += [f"{exchange}: {line}" for line in said]
    return found


def _is_api(path: str) -> bool:
    if path == attachments.PATH:
        return False  # the one request of ours that GitHub describes nowhere
    return path.startswith(("/repos/", "/user", "/rate_limit", "/graphql"))


def _rest(exchange: Exchange) -> list[str]:
    asked = exchange.request
    said = list(_rest_request(asked.method, asked.path, asked.raw_query, asked.body))
    if exchange.source == "supplement" and exchange.reply.status < 300 and exchange.reply.body:
        said += _rest_reply(asked, exchange)
    return said


@cache
def _rest_request(method: str, path: str, query: str, body: bytes) -> tuple[str, ...]:
    if method in ("POST", "PUT") and path.endswith("/labels") and body.lstrip().startswith(b"["):
        return ()  # the bare list is documented and works, the description lacks it
    try:
        _openapi().validate_request(_mock(method, path, query, body))
    except OpenAPIError as error:
        return (_reason(error),)
    return ()


def _rest_reply(asked: Request, exchange: Exchange) -> tuple[str, ...]:
    if asked.headers.get("accept", "").endswith(("raw", "raw+json", "sha")):
        return ()
    try:
        _openapi().validate_response(
            _mock(asked.method, asked.path, asked.raw_query, asked.body),
            MockResponse(exchange.reply.body, exchange.reply.status, content_type=_JSON),
        )
    except OpenAPIError as error:
        return () if _is_null_reason(error) else (f"our own reply: {_reason(error)}",)
    return ()


def _mock(method: str, path: str, query: str, body: bytes) -> MockRequest:
    match = _MANY_SEGMENTS.fullmatch(path)
    if match:
        path = match[1] + quote(match[2], safe="")
    arguments = dict(parse_qsl(query))
    return MockRequest(
        "https://api.github.com",
        method.lower(),
        path,
        args=arguments,
        data=body or None,
        content_type=_JSON,
    )


def _reason(error: BaseException) -> str:
    inner = error.__cause__ or error
    schema_errors = getattr(inner, "schema_errors", None) or ()
    told = "; ".join(f"{each.json_path}: {each.message[:200]}" for each in schema_errors)
    return told or f"{type(inner).__name__}: {inner}"


def _is_null_reason(error: BaseException) -> bool:
    """Tell whether all that is wrong is that an open issue has no reason for its state.

    GitHub's description lets it be null, and leaves null out of the values that it lists.
    """
    errors = getattr(error.__cause__ or error, "schema_errors", None) or ()
    return bool(errors) and all(
        each.instance is None and str(each.json_path).endswith(".state_reason") for each in errors
    )


def _graphql(body: bytes) -> tuple[str, ...]:
    asked = json.loads(body)
    return _document(asked.get("query", ""), json.dumps(asked.get("variables") or {}))


@cache
def _document(query: str, variables: str) -> tuple[str, ...]:
    try:
        document = graphql.parse(query)
    except graphql.GraphQLError as error:
        return (error.message,)
    errors = graphql.validate(schema(), document)
    for definition in document.definitions:
        if isinstance(definition, graphql.OperationDefinitionNode) and not errors:
            given = get_variable_values(
                schema(), definition.variable_definitions or (), json.loads(variables)
            )
            errors = given if isinstance(given, list) else []
    return tuple(error.message for error in errors)
