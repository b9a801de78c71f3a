// matrix-js-sdk: scrolls back to the beginning of a room, of which most was said before the reader's hospital joined.
import { input, report, run, started, until } from "./lib.mjs";

run(async () => {
    const ana = await started(input.ana);
    const bo = await started(input.bo);
    const { room_id: room } = await ana.createRoom({ preset: "private_chat" });
    const said = [];
    for (let i = 0; i < input.messages; i++) said.push((await ana.sendTextMessage(room, `${i}`)).event_id);
    await ana.invite(room, bo.getUserId());
    await until("the invite", () => bo.getRoom(room)?.getMyMembership() === "invite");
    await bo.joinRoom(room);
    await until("the room", () => bo.getRoom(room)?.getMyMembership() === "join");

    const timeline = bo.getRoom(room).getLiveTimeline();
    let pages = 0;
    while (timeline.getPaginationToken("b") !== null && pages++ < 50) await bo.scrollback(bo.getRoom(room), 20);
    const events = timeline.getEvents();
    const read = events.filter((e) => e.getType() === "m.room.message").map((e) => e.getId());
    report("history", {
        first: events[0].getType(), messages: read.length, sameOrder: JSON.stringify(read) === JSON.stringify(said),
        doubled: events.length - new Set(events.map((e) => e.getId())).size,
    });
});
