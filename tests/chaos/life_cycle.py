"""An incident from its first page to its end, and everything that may happen on the way."""

from tests.chaos.life_cycle_buttons import buttons
from tests.chaos.life_cycle_kills import kills
from tests.chaos.life_cycle_replicas import replicas
from tests.chaos.life_cycle_silence import gateway_fails_over
from tests.chaos.outcome import Scenario

SCENARIOS: list[Scenario] = [kills, replicas, buttons, gateway_fails_over]
