"""The GraphQL documents that we send; the numbers of things to be read ─► a document that does."""

from __future__ import annotations

from collections.abc import Mapping

MOST_FILES = 100  # in one document

_COMMENTS = """
comments(first: 100, after: $after) {
  pageInfo { hasNextPage endCursor }
  nodes {
    id
    fullDatabaseId
    author { login __typename }
    viewerDidAuthor
    body
    createdAt
    updatedAt
  }
}
"""

_ISSUE = f"""
issue(number: $issue) {{
  id
  number
  title
  body
  state
  createdAt
  author {{ login __typename }}
  labels(first: 100) {{ nodes {{ name }} }}
  {_COMMENTS}
}}
"""

# What runs of the last week took; entries of ours remember it.
_SPENT = """
spent: issues(
  first: 50
  labels: ["excursion"]
  orderBy: {field: UPDATED_AT, direction: DESC}
  filterBy: {since: $since}
) {
  nodes {
    number
    comments(last: 50) { nodes { author { login __typename } viewerDidAuthor body } }
  }
}
"""

COMMENTS = f"""
query Comments($owner: String!, $name: String!, $issue: Int!, $after: String) {{
  repository(owner: $owner, name: $name) {{
    issue(number: $issue) {{ {_COMMENTS} }}
  }}
}}
"""

# What was opened, or touched, since a moment.
OPENED = """
query Opened($owner: String!, $name: String!, $since: DateTime!, $after: String) {
  repository(owner: $owner, name: $name) {
    issues(
      first: 100
      after: $after
      orderBy: {field: CREATED_AT, direction: DESC}
      filterBy: {since: $since}
    ) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number
        fullDatabaseId
        author { login __typename }
        viewerDidAuthor
        body
      }
    }
  }
}
"""

LINK_BRANCH = """
mutation Link($issueId: ID!, $oid: GitObjectID!, $name: String!, $repositoryId: ID!) {
  createLinkedBranch(
    input: {issueId: $issueId, oid: $oid, name: $name, repositoryId: $repositoryId}
  ) {
    linkedBranch { id ref { name target { oid } } }
  }
}
"""


def reading(objects: Mapping[str, str], *, spent: bool) -> str:
    """Write the document that reads an issue with its comments, and some git objects.

    Args:
        objects: Alias ─► a variable's name; its value says which object, as git would.
        spent: Whether to read, too, what runs of the whole repository took since `$since`.
    """
    given = "".join(f", ${variable}: String!" for variable in objects.values())
    since = ", $since: DateTime!" if spent else ""
    return f"""
query Reading($owner: String!, $name: String!, $issue: Int!, $after: String{since}{given}) {{
  repository(owner: $owner, name: $name) {{
    id
    {_ISSUE}
    {_objects(objects)}
    {_SPENT if spent else ""}
  }}
}}
"""


def files(objects: Mapping[str, str]) -> str:
    """Write the document that reads some git objects."""
    given = "".join(f", ${variable}: String!" for variable in objects.values())
    return f"""
query Files($owner: String!, $name: String!{given}) {{
  repository(owner: $owner, name: $name) {{
    {_objects(objects)}
  }}
}}
"""


def _objects(objects: Mapping[str, str]) -> str:
    return "\n".join(
        f"{alias}: object(expression: ${variable}) "
        "{ __typename oid ... on Blob { text isBinary isTruncated } }"
        for alias, variable in objects.items()
    )
