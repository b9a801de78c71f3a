"""matrix-nio: two clinicians at two hospitals; the second reads the first in their own language.

Says what it saw in lines of JSON, one for each step, which the Go test judges."""

import asyncio
import json
import os
import sys

from nio import (
    AsyncClient,
    InviteMemberEvent,
    JoinResponse,
    LoginResponse,
    MessageDirection,
    RoomCreateResponse,
    RoomMessagesResponse,
    RoomMessageText,
    RoomSendResponse,
    SyncResponse,
)

KEY = "org.medixchange.translation"
PATIENCE = 30  # seconds; nothing that works takes so long


def report(step, **seen):
    print(json.dumps({"step": step, **seen}), flush=True)


def expect(kind, response):
    if not isinstance(response, kind):
        raise RuntimeError(f"wanted {kind.__name__}, got {response}")
    return response


async def logged_in(who):
    client = AsyncClient(who["url"], f"@{who['user']}:{who['server']}")
    expect(LoginResponse, await client.login(who["password"]))
    language = {"language": who["language"], "mode": "in_place"}
    # The library has no call for account data of any type.
    path = f"/_matrix/client/v3/user/{client.user_id}/account_data/org.medixchange.language?access_token={client.access_token}"
    answer = await client.send("PUT", path, json.dumps(language))
    answer.raise_for_status()
    return client


async def sync_until(client, matches):
    """Syncs on until matches accepts an answer, and returns what it returned."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = matches(expect(SyncResponse, await client.sync(timeout=2000)))
            if found:
                return found


def message(room, event_id):
    def find(sync):
        joined = sync.rooms.join.get(room)
        return joined and next((e for e in joined.timeline.events if e.event_id == event_id), None)

    return find


async def talk(ana, bo, text):
    created = expect(RoomCreateResponse, await ana.room_create(name="Ward 3", invite=[bo.user_id]))
    room = created.room_id
    invite = await sync_until(bo, lambda sync: sync.rooms.invite.get(room))
    report("invite", by=[e.sender for e in invite.invite_state if isinstance(e, InviteMemberEvent) and e.state_key == bo.user_id])
    expect(JoinResponse, await bo.join(room))

    sent = expect(RoomSendResponse, await ana.room_send(room, "m.room.message", {"msgtype": "m.text", "body": text}))
    event = await sync_until(bo, message(room, sent.event_id))
    report("read", sender=event.sender, body=event.body, key=event.source["content"].get(KEY))
    report("room", name=bo.rooms[room].display_name, members=sorted(bo.rooms[room].users))

    page = expect(RoomMessagesResponse, await bo.room_messages(room, "", direction=MessageDirection.back, limit=50))
    texts = [e for e in page.chunk if isinstance(e, RoomMessageText)]
    report("history", bodies=[e.body for e in texts], keys=[e.source["content"].get(KEY) for e in texts], first=page.chunk[-1].source["type"])


async def main():
    given = json.loads(os.environ["INPUT"])
    ana, bo = await logged_in(given["ana"]), await logged_in(given["bo"])
    report("login", ana=ana.user_id, bo=bo.user_id)
    try:
        await talk(ana, bo, given["message"])
    finally:
        await ana.close()
        await bo.close()


sys.exit(asyncio.run(main()))
