"""``/api/v1/silences``: what is not told, and until when."""

from o11y.alerting.silence import Silence, State
from o11y.alerting.silence_json import shown
from o11y.alerting.silence_request import BadSilence, asked
from o11y.http.admin import AdminRequest, Endpoint, Reply, refuse
from o11y.http.admin_tokens import Role
from o11y.http.ingest_answer import Refused, failure
from o11y.worker.ports import Clock, TooManySilences
from o11y.worker.silences import Silencing

PATH = "/api/v1/silences"


def silence_endpoints(silencing: Silencing, *, clock: Clock) -> list[Endpoint]:
    """List and read for viewers; create and expire for editors."""

    async def listed(request: AdminRequest) -> Reply:
        wanted = request.query.get("active", "false")
        if wanted not in ("true", "false"):
            raise refuse((["active"], "must be true or false"))
        now = clock()
        found = [one for one in await silencing.listed() if wanted == "false" or one.state(now) is State.ACTIVE]
        return Reply({"silences": [shown(silence, now) for silence in found]})

    async def created(request: AdminRequest) -> Reply:
        def make(silence_id: str) -> Silence:
            return asked(request.body, silence_id=silence_id, author=request.admin.name, now=clock())

        try:
            silence = await silencing.create(make, by=request.admin.name)
        except BadSilence as error:
            raise refuse(*((problem.path, problem.message) for problem in error.problems)) from None
        except TooManySilences as error:
            raise Refused(failure(409, str(error))) from None
        location = (b"location", f"{PATH}/{silence.silence_id}".encode())
        return Reply({"silence": shown(silence, clock())}, 201, (location,))

    async def one(request: AdminRequest) -> Reply:
        return _found(await silencing.find(request.in_path["silence_id"]))

    async def expired(request: AdminRequest) -> Reply:
        return _found(await silencing.expire(request.in_path["silence_id"], by=request.admin.name))

    def _found(silence: Silence | None) -> Reply:
        if silence is None:
            raise Refused(failure(404, "There is no such silence; one that has ended is forgotten after five days"))
        return Reply({"silence": shown(silence, clock())})

    own = f"{PATH}/{{silence_id}}"
    return [
        Endpoint("GET", PATH, Role.VIEWER, listed),
        Endpoint("POST", PATH, Role.EDITOR, created),
        Endpoint("GET", own, Role.VIEWER, one),
        Endpoint("DELETE", own, Role.EDITOR, expired),
    ]
