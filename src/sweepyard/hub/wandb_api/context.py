"""What every resolver is handed: who asks, what the hub does, how addresses are made."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from graphql import GraphQLResolveInfo

from sweepyard.domain.access import Actor, Role
from sweepyard.hub.http.links import Links
from sweepyard.hub.wandb_api.limits import Budget
from sweepyard.services.bundle import Services

T = TypeVar("T")

FALLBACK_PROJECT = "uncategorized"

# Arguments come by name as GraphQL coerced them; each resolver says which it takes.
Resolver = Callable[..., Any]
Resolvers = Mapping[str, Resolver]
# An input object as GraphQL coerced it, its keys in snake case; the schema vouches for the types.
Input = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """One request's surroundings.

    Attributes:
        budget: What the answer may still cost.
        agent_token: What the request says of the agent that it comes from; empty where it says nothing.
    """

    services: Services
    actor: Actor
    links: Links
    agent_token: str = ""
    budget: Budget = field(default_factory=Budget, repr=False, compare=False)
    _remembered: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def remember(self, key: Hashable, look_up: Callable[[], T]) -> T:
        """What `look_up` gives, looked up once a request: the runs of a page have project and users in common."""
        if key not in self._remembered:
            self._remembered[key] = look_up()
        found: T = self._remembered[key]
        return found

    def entity(self, name: str | None) -> str:
        """The entity of that name; without one, the actor's own."""
        return name or self.actor.entity

    def require_write(self) -> None:
        """Let pass who may change things.

        Raises:
            Forbidden: The actor may only read.
        """
        self.services.access.require(self.actor, Role.WRITE)


def context_of(info: GraphQLResolveInfo) -> Context:
    """The context of the operation that is being executed."""
    context = info.context
    if not isinstance(context, Context):
        raise TypeError(f"operations are executed with a Context; received {type(context).__name__}")
    return context
