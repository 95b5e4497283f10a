"""What a user's mistake is told with."""

from collections.abc import Callable
from typing import Any

import pytest
from ninetynine.errors import UserError


def complaint(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """Return the message of the UserError that the call raises, which must be one line."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **named)
    message = str(caught.value)
    assert message.isprintable()
    return message
