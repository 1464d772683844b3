"""A GitHub on loopback: real HTTP, state in memory, faults on demand.

    with StandIn() as github:
        widgets = github.add("acme/widgets", pulls=250, files={CONFIG: "..."})
        forge = Forge.connect(github.credentials())
        github.fail(faults.status(502), path="/graphql")            # once
        ...
        assert github.graphql_calls == 3

GraphQL queries are validated against the recorded schema and executed; REST covers what we call.
Not covered: git over HTTP, search, calls other than those in the rest_ files.
"""

from tests.github.stand_in import faults
from tests.github.stand_in.identity import Installation
from tests.github.stand_in.repository import CONFIG, Repository
from tests.github.stand_in.server import StandIn
from tests.github.stand_in.wire import Request

__all__ = ["CONFIG", "Installation", "Repository", "Request", "StandIn", "faults"]
