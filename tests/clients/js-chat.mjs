// matrix-js-sdk: a chat across two hospitals.
import { input, report, run, seen, share, started, until } from "./lib.mjs";

run(async () => {
    const ana = await started(input.ana);
    const bo = await started(input.bo);
    report("login", { ana: ana.getUserId(), bo: bo.getUserId() });

    const room = await share(ana, bo, { name: "Ward 3" });
    report("room", { name: bo.getRoom(room).name, members: (await members(bo, room)).sort() });

    const message = await talk(ana, bo, room);
    await edit(ana, bo, room, message);
    await react(ana, bo, room, message);
    await thread(ana, bo, room, message);
    await redact(ana, bo, room);

    await bo.leave(room);
    await until("the leave", () => ana.getRoom(room).getMember(bo.getUserId()).membership === "leave");
    report("leave", { membership: bo.getRoom(room)?.getMyMembership() ?? "leave" });
});

async function members(client, room) {
    await client.getRoom(room).loadMembersIfNeeded();
    return client.getRoom(room).getJoinedMembers().map((m) => m.userId);
}

// talk sends a message that is counted as unread until it is read, and whose receipt comes back.
async function talk(ana, bo, room) {
    const { event_id: message } = await ana.sendTextMessage(room, "How is bed 7?");
    const event = await seen(bo, room, message);
    const unread = () => bo.getRoom(room).getRoomUnreadNotificationCount("total");
    await until("the count", () => unread() > 0);
    const counted = unread();
    await bo.sendReadReceipt(event);
    await until("the reset of the count", () => unread() === 0);
    await until("the receipt", () => ana.getRoom(room).hasUserReadEvent(bo.getUserId(), message));
    report("message", { body: event.getContent().body, sender: event.getSender(), unread: counted });
    return message;
}

async function edit(ana, bo, room, message) {
    await ana.sendMessage(room, {
        "msgtype": "m.text", "body": "* How is bed 8?",
        "m.new_content": { msgtype: "m.text", body: "How is bed 8?" },
        "m.relates_to": { rel_type: "m.replace", event_id: message },
    });
    const event = await seen(bo, room, message);
    await until("the edit", () => event.replacingEvent());
    report("edit", { body: event.getContent().body });
}

async function react(ana, bo, room, message) {
    await bo.sendEvent(room, "m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: message, key: "👍" } });
    const reactions = () => ana.getRoom(room).relations.getChildEventsForEvent(message, "m.annotation", "m.reaction");
    const [[key, events]] = await until("the reaction", () => {
        const sorted = reactions()?.getSortedAnnotationsByKey();
        return sorted?.length && sorted;
    });
    report("reaction", { key, by: [...events].map((e) => e.getSender()) });
}

async function thread(ana, bo, room, root) {
    await bo.sendMessage(room, root, { msgtype: "m.text", body: "Stable, sat 97 %." }).catch((err) => {
        // The library throws this after sending, when its thread is new and /sync brings the message before the answer.
        if (!/not a local echo/.test(err.message)) throw err;
    });
    const found = await until("the thread", () => {
        const thread = ana.getRoom(room).getThread(root);
        return thread?.replyToEvent && thread;
    });
    const unread = () => ana.getRoom(room).getThreadUnreadNotificationCount(root, "total");
    await until("the thread's count", () => unread() > 0);
    const counted = unread();
    await ana.sendReadReceipt(found.replyToEvent);
    await until("the reset of the thread's count", () => unread() === 0);
    report("thread", { length: found.length, root: found.rootEvent.getContent().body, body: found.replyToEvent.getContent().body, unread: counted });
}

async function redact(ana, bo, room) {
    const { event_id: wrong } = await bo.sendTextMessage(room, "Wrong room.");
    const event = await seen(ana, room, wrong);
    await bo.redactEvent(room, wrong, undefined, { reason: "wrong room" });
    await until("the redaction", () => event.isRedacted());
    report("redaction", { content: event.getContent(), reason: event.getUnsigned().redacted_because?.content.reason });
}
