"""Slack's Web API: one attempt a call, its answer or a reason.

The token is in no error, log or repr. https://docs.slack.dev/apis/web-api/
"""

from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from o11y.adapters.detached import detached
from o11y.adapters.slack.transport import asked_to_wait_s, muted, reason_word, words_of
from o11y.worker.ports import NotifyError

BASE_URL = "https://slack.com/api/"

#: they refuse what was to be said, whoever says it and wherever
PAYLOAD_REFUSED = frozenset(
    {
        "as_user_not_supported", "attachment_payload_limit_exceeded", "invalid_arg_name", "invalid_arguments",
        "invalid_array_arg", "invalid_attachments", "invalid_blocks", "invalid_blocks_format", "invalid_charset",
        "invalid_form_data", "invalid_json", "invalid_metadata_format", "invalid_metadata_schema", "invalid_post_type",
        "json_not_object", "markdown_text_conflict", "metadata_too_large", "missing_post_type", "msg_blocks_too_long",
        "msg_too_long", "no_text", "too_many_attachments",
    }
)  # fmt: skip
#: "it's possible some aspect of the operation succeeded before the error was raised"
_PERHAPS_DONE = frozenset({"fatal_error", "internal_error"})


class Refusal(NotifyError):
    """Slack's no. ``word`` is its reason, empty where it had none of its own.

    Permanent only where the payload is refused: a token, a scope or a channel may be put right within the day that
    the outbox keeps trying.
    """

    def __init__(self, word: str, *, status: int, retry_after_s: float | None = None) -> None:
        told = word or f"{status}, not in its own words; is O11Y_SLACK_BASE_URL right?"
        super().__init__(
            f"Slack answered {told}",
            permanent=word in PAYLOAD_REFUSED,
            retry_after_s=retry_after_s,
            maybe_delivered=word in _PERHAPS_DONE,
        )
        self.word = word


class SlackWebApi:
    """``base_url`` is that of Slack, of GovSlack or of a relay."""

    def __init__(self, token: str, *, base_url: str = BASE_URL, timeout_s: int = 8) -> None:
        # The SDK would resend after a dropped connection (a duplicate), and logs what it sends.
        self._client = WebClient(token, base_url=base_url, timeout=timeout_s, retry_handlers=[], logger=muted())

    def __repr__(self) -> str:
        return "SlackWebApi(…)"

    async def call(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Slack's answer. Raises ``Refusal``, or ``NotifyError`` where there was none."""
        try:
            answer = await detached(lambda: self._client.api_call(method, json=arguments), name="slack-web-api")
        except SlackApiError as error:
            raise _refusal(error) from None
        except (OSError, HTTPException, SlackClientError) as error:
            # urllib wraps what fails up to the last byte sent (URLError); after that the message may have arrived.
            # Without its cause, whose text may carry the token.
            maybe = not isinstance(error, URLError)
            raise NotifyError(f"Slack: {words_of(error)}", maybe_delivered=maybe) from None
        except (ValueError, AttributeError, LookupError, RecursionError, TypeError):
            # The SDK stumbles over an answer that is no JSON object, or in an encoding that nobody knows.
            raise NotifyError("Slack: an answer that cannot be read", maybe_delivered=True) from None
        if not isinstance(answer.data, dict):
            raise NotifyError("Slack: an answer that cannot be read", maybe_delivered=True)
        return answer.data


def _refusal(error: SlackApiError) -> Refusal:
    response = error.response
    data = response.data if isinstance(response.data, dict) else {}
    word = reason_word(data.get("error"))
    return Refusal(
        word, status=response.status_code, retry_after_s=asked_to_wait_s(response.status_code, response.headers)
    )
